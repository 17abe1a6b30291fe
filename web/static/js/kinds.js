// How two pictures are alike, in people's words.

export const KINDS = {
  exact: "Identical",
  "same-pixels": "Same pixels",
  damaged: "Damaged",
  "re-encoded": "Saved again",
  resized: "Resized",
  turned: "Turned",
  mirrored: "Mirrored",
  colour: "Other colours",
  cropped: "Cropped",
  framed: "Framed",
  overlay: "Marked",
  contained: "One inside the other",
  burst: "Another shot",
  "look-alike": "Looks alike",
};

export const TIERS = { proven: "proven", likely: "to be looked at" };

// Whether two pictures differ at all.
export const varied = (signals) => Boolean(signals) && !["exact", "same-pixels"].includes(signals.kind);
