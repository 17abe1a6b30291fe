// What differs between two pictures: both are drawn at one size, the left one in grey, what changed in colour over it.

const LEAST = 10; // of 255: less than this is what saving as JPEG does to any picture
const STRENGTH = 4; // a difference of a quarter of the range is drawn in full colour
const COLOUR = [230, 40, 120];

// Draws into `canvas`; returns { share, stretched }: the share of pixels that differ, 0..1, and whether the two
// have other proportions, so that one of them had to be stretched. Both images are loaded.
export function draw(canvas, left, right) {
  const [width, height] = [left.naturalWidth, left.naturalHeight];
  const one = pixels(left, width, height);
  const other = pixels(right, width, height);
  canvas.width = width;
  canvas.height = height;
  const painted = new ImageData(width, height);
  const changed = paint(painted.data, one, other);
  canvas.getContext("2d").putImageData(painted, 0, 0);
  const ratio = (width / height) / (right.naturalWidth / right.naturalHeight);
  return { share: changed / (width * height), stretched: Math.abs(Math.log(ratio)) > 0.02 };
}

function pixels(image, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

// Fills `target` (RGBA bytes, as are `one` and `other`); returns the number of pixels that differ.
function paint(target, one, other) {
  let changed = 0;
  for (let at = 0; at < target.length; at += 4) {
    const difference = Math.max(
      Math.abs(one[at] - other[at]), Math.abs(one[at + 1] - other[at + 1]), Math.abs(one[at + 2] - other[at + 2]),
    );
    const grey = 0.45 * (0.299 * one[at] + 0.587 * one[at + 1] + 0.114 * one[at + 2]) + 20;
    const cover = difference < LEAST ? 0 : Math.min(1, (difference * STRENGTH) / 255);
    if (cover) changed += 1;
    for (let channel = 0; channel < 3; channel += 1) {
      target[at + channel] = grey + (COLOUR[channel] - grey) * cover;
    }
    target[at + 3] = 255;
  }
  return changed;
}
