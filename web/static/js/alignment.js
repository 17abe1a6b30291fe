// How one picture lies on another, in pixels of the two as they were loaded.
const FLAT = 1e-9; // a matrix of less area maps everything to a line

// The DOMMatrix from pixels of `right` to pixels of `left`, null where there is none. `alignment` is the API's: how the
// right one lies on the left one, or on its mirror image.
export function rightOnLeft(left, right, alignment) {
  if (!alignment) return null;
  const [a, b, c, d, e, f] = alignment.matrix;
  if (!(Math.abs(a * e - b * d) >= FLAT)) return null;
  const lies = new DOMMatrix().scale(longest(right)).multiply(new DOMMatrix([a, d, b, e, c, f]));
  if (alignment.mirrored) lies.multiplySelf(new DOMMatrix([-1, 0, 0, 1, left.naturalWidth / longest(left), 0]));
  return lies.scaleSelf(1 / longest(left)).inverse();
}

// How many pixels a pixel becomes at most, in the direction in which the matrix enlarges most.
export function enlargement({ a, b, c, d }) {
  return (Math.hypot(a + d, b - c) + Math.hypot(a - d, b + c)) / 2;
}

// What was done to the picture apart from its size: { degrees, mirrored }, degrees 0..180 either way. A mirrored one was
// mirrored from left to right, then turned.
export function turn({ a, b, c, d }) {
  const mirrored = a * d - b * c < 0;
  const angle = mirrored ? Math.atan2(-b, -a) : Math.atan2(b, a);
  return { degrees: Math.round(Math.abs(angle) * (180 / Math.PI)), mirrored };
}

const longest = (image) => Math.max(image.naturalWidth, image.naturalHeight);
