// One verdict for a whole group: every two of its contents are no duplicates, so that none comes back; with Undo.
// Invariant: a content has no verdict on itself, so that equal files stay together.

import { get, post } from "./api.js";

const MOST_PAIRS = 100000; // what the server takes in one request: MOST_IMAGES in web/api/schemas.py

// The first picture of each content.
export function contents(images) {
  const seen = new Set();
  return images.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
}

const everyTwo = (images) => images.flatMap((a, n) => images.slice(n + 1).map((b) => [a, b]));

// The keeper comes first in a group. Of a group too large for every two, each with the keeper: that settles it as shown.
function pairsOf([keeper, ...others]) {
  const all = 1 + others.length;
  return (all * (all - 1)) / 2 <= MOST_PAIRS ? everyTwo([keeper, ...others]) : others.map((b) => [keeper, b]);
}

const key = (a, b) => [a, b].sort().join();
const byIds = (pairs) => pairs.map(([a, b]) => ({ a: a.id, b: b.id }));

// Returns what takes it back: earlier verdicts stand again, the others are forgotten.
export async function reject(scan, images) {
  const pairs = pairsOf(contents(images));
  const wanted = new Set(pairs.map(([a, b]) => key(a.digest, b.digest)));
  const earlier = (await get("/api/verdicts")).verdicts.filter(({ a, b }) => wanted.has(key(a, b)));
  const had = new Set(earlier.map(({ a, b }) => key(a, b)));
  const fresh = pairs.filter(([a, b]) => !had.has(key(a.digest, b.digest)));
  await post(`/api/scans/${scan}/verdicts`, { verdict: "unrelated", pairs: byIds(pairs) });
  return async () => {
    if (earlier.length) await post("/api/verdicts", { verdicts: earlier });
    if (fresh.length) await post(`/api/scans/${scan}/verdicts`, { verdict: null, pairs: byIds(fresh) });
  };
}
