// What differs between two pictures: the right one is laid on the left one, which is grey, with what changed in colour.
// Invariant: only what both show is compared; the rest of the left picture is dark.

import { enlargement, rightOnLeft, turn } from "./alignment.js";

const LEAST = 10; // of 255: less than this is what saving as JPEG does to any picture
const STRENGTH = 4; // a difference of a quarter of the range is drawn in full colour
const COLOUR = [230, 40, 120];
const EDGE = 2; // pixels beside the right picture's edge that are mixed with nothing
const REST = 0.35; // how bright what is not compared is, against what is

// Draws into `canvas`; returns { share, seen, words }: the share of the compared pixels that differ, the share of the left
// picture that was compared, both 0..1, and what to say of it. Both images are loaded. Without an alignment the right one
// is brought to the size of the left one.
export function draw(canvas, left, right, alignment = null) {
  const lies = rightOnLeft(left, right, alignment);
  const aligned = lies && paint(canvas, left, right, lies);
  if (aligned?.seen) return { ...aligned, words: wordsOfAligned(aligned, lies) };
  const [x, y] = [left.naturalWidth / right.naturalWidth, left.naturalHeight / right.naturalHeight];
  const { share } = paint(canvas, left, right, new DOMMatrix().scale(x, y), true);
  return { share, seen: 1, words: wordsOfWhole(share, Math.abs(Math.log(x / y)) > 0.02) };
}

// At a size at which neither is enlarged; where they are compared as a `whole`, at that of the left one.
function paint(canvas, left, right, lies, whole = false) {
  const scale = whole ? 1 : Math.min(1, 1 / enlargement(lies));
  const width = Math.max(1, Math.round(left.naturalWidth * scale));
  const height = Math.max(1, Math.round(left.naturalHeight * scale));
  const frame = new DOMMatrix().scale(width / left.naturalWidth, height / left.naturalHeight);
  const one = pixels(left, width, height, frame);
  const other = pixels(right, width, height, frame.multiply(lies));
  canvas.width = width;
  canvas.height = height;
  const painted = new ImageData(width, height);
  const mask = whole ? new Uint8Array(width * height).fill(1) : common(other, width, height);
  const { compared, changed } = fill(painted.data, one, other, mask);
  canvas.getContext("2d").putImageData(painted, 0, 0);
  return { share: compared && changed / compared, seen: compared / (width * height) };
}

function pixels(image, width, height, transform) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.setTransform(transform);
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

// One byte a pixel: 1 where the picture is opaque, and all around it within the frame.
function common(rgba, width, height) {
  const opaque = Uint8Array.from({ length: width * height }, (_, at) => Number(rgba[4 * at + 3] === 255));
  return narrowed(narrowed(opaque, width, height, 1, width), height, width, width, 1);
}

// Takes EDGE pixels off both ends of each run along a line: `length` pixels `step` apart, lines `stride` apart.
function narrowed(mask, length, lines, step, stride) {
  const kept = mask.slice();
  for (let line = 0; line < lines; line += 1) {
    for (let n = 0; n < length; n += 1) {
      if (mask[line * stride + n * step]) continue;
      const end = Math.min(length - 1, n + EDGE);
      for (let near = Math.max(0, n - EDGE); near <= end; near += 1) kept[line * stride + near * step] = 0;
    }
  }
  return kept;
}

// Fills `target` (RGBA bytes, as are `one` and `other`); returns how many pixels were compared, and how many differ.
function fill(target, one, other, mask) {
  let [compared, changed] = [0, 0];
  for (let at = 0; at < target.length; at += 4) {
    const inside = mask[at / 4];
    const difference = inside * Math.max(
      Math.abs(one[at] - other[at]), Math.abs(one[at + 1] - other[at + 1]), Math.abs(one[at + 2] - other[at + 2]),
    );
    const grey = (0.45 * (0.299 * one[at] + 0.587 * one[at + 1] + 0.114 * one[at + 2]) + 20) * (inside ? 1 : REST);
    const cover = difference < LEAST ? 0 : Math.min(1, (difference * STRENGTH) / 255);
    compared += inside;
    if (cover) changed += 1;
    for (let channel = 0; channel < 3; channel += 1) {
      target[at + channel] = grey + (COLOUR[channel] - grey) * cover;
    }
    target[at + 3] = 255;
  }
  return { compared, changed };
}

function wordsOfAligned({ share, seen }, lies) {
  const { degrees, mirrored } = turn(lies);
  const how = [degrees && `turned by ${degrees}°`, mirrored && "mirrored"].filter(Boolean).join(", ");
  const differs = share === 0 ? "No visible difference in the common part" : `${percentOf(share)} of the common part differs, shown in colour`;
  const rest = seen < 0.98 ? `; ${percentOf(1 - seen)} of the left picture is not in the right one` : "";
  return `Aligned${how && `: ${how}`}. ${differs}${rest}.`;
}

function wordsOfWhole(share, stretched) {
  const words = share === 0 ? "No visible difference." : `${percentOf(share)} of the picture differs, shown in colour.`;
  return stretched ? `${words} The two have other proportions and were brought to one size.` : words;
}

const percentOf = (share) => (share < 0.01 ? "Under 1%" : `${Math.round(share * 100)}%`);
