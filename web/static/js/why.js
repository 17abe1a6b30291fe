// Why two pictures match, in words: what was done to the one, how sure that is, what was measured, and what follows from it.

import { turn } from "./alignment.js";
import { percent, plural } from "./format.js";
import { byId } from "./templates.js";

const OPEN = "lookalike-why";
const MEANINGS = {
  exact: "Both files are equal, byte for byte.",
  "same-pixels": "Every pixel is equal; the files differ in what is written beside the picture, or in how it is packed.",
  damaged: "One file ends too early; what is left of it shows the same picture.",
  "re-encoded": "The same picture, compressed again.",
  resized: "The same picture at another size.",
  turned: "The same picture, turned.",
  mirrored: "The same picture, mirrored.",
  colour: "The same picture in other tones or colours.",
  cropped: "One shows a part of the other, or both show parts of one picture.",
  framed: "The same picture, with a border around it.",
  overlay: "The same picture, but one bears words, a mark or a logo.",
  contained: "One holds the other, as a screenshot or a collage does.",
  burst: "The same scene, but another shot.",
  "look-alike": "Alike, but not shown to be one picture.",
};
const EQUAL = ["exact", "same-pixels"];
// Each: what was measured, and how it reads; nothing where it was not measured.
const SIGNS = [
  ["Laid on one another", ({ alignment }) => alignment && placed(alignment)],
  ["Shown by the other", ({ alignment }) => alignment && `Left shows ${share(alignment.shown)} of right, right shows ${share(alignment.shows)} of left`],
  ["Details that agree", ({ alignment }) => alignment?.inliers && `${plural(alignment.inliers, "point")} of both lie in the same places`],
  ["Perceptual hash", ({ distance }) => distance !== null && `${distance} of 64 bits differ: ${graded(-distance, [[-4, "very close"], [-10, "close"]], "far apart")}`],
  ["Structure (SSIM)", ({ ssim }) => ssim !== null && `${ssim.toFixed(2)} of 1 at thumbnail size: ${graded(ssim, [[0.95, "nearly equal"], [0.8, "alike"]], "unlike")}`],
  ["Neural network", ({ cosine }) => cosine !== null && `cosine ${cosine.toFixed(3)}: ${graded(cosine, [[0.95, "very much alike"], [0.9, "alike"]], "less alike than its threshold of 0.9 asks by default")}`],
];

// `signals` say how the right one lies on the left one; null where that is not known.
export function show(left, right, signals) {
  const damaged = [["Left", left], ["Right", right]].filter(([, image]) => image.damaged).map(([side]) => `${side} is damaged: its file ends too early.`);
  const kind = signals ? MEANINGS[signals.kind] : "These two were never found alike themselves: both are like a picture of their group that is gone or stays elsewhere.";
  byId("why-kind").textContent = [kind, ...damaged].join(" ");
  byId("why-sure").textContent = signals && !EQUAL.includes(signals.kind) ? sure(signals) : "";
  byId("why-signs").replaceChildren(...(signals && !EQUAL.includes(signals.kind) ? signs(signals) : []));
  byId("why-proposed").textContent = proposed(signals, left);
}

export function toggle() {
  byId("why").open = !byId("why").open;
}

byId("why").open = localStorage.getItem(OPEN) !== "off";
byId("why").addEventListener("toggle", () => localStorage.setItem(OPEN, byId("why").open ? "on" : "off"));

function sure({ tier, confidence, similarity }) {
  if (confidence === null) return `Found by likeness alone (${percent(similarity)}): nothing was proven.`;
  const chance = `one picture with a probability of ${percent(confidence)}`;
  return tier === "proven" ? `Proven: every part that both show agrees; ${chance}.` : `To be looked at: ${chance}.`;
}

function signs(signals) {
  return SIGNS.map(([name, words]) => [name, words(signals)]).filter(([, words]) => words).map(([name, words]) => {
    const row = document.createElement("div");
    row.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: words }));
    return row;
  });
}

function proposed(signals, left) {
  if (!signals) return "Neither is proposed to go because of the other.";
  if (left.damaged && signals.kind !== "exact") return "Rules let nothing go because of a damaged picture.";
  if (signals.proposable) return "Rules may propose to let the right one go: the left one shows all of it, at no fewer pixels.";
  if (signals.confidence === null) return "Rules never propose what was not proven: this is for you to decide.";
  return "Rules do not let the right one go because of the left one: it may show something that the left one lacks, or more finely.";
}

function placed({ mirrored, finer, matrix: [a, b, , d, e] }) {
  const { degrees } = turn({ a, b: d, c: b, d: e });
  const parts = [mirrored && "mirrored", degrees && `turned by ${degrees}°`, sized(finer)].filter(Boolean);
  return parts.length ? `Right is ${parts.join(", ")}` : "Right lies on left as it is";
}

function sized(finer) {
  if (Math.abs(finer - 1) < 0.02) return "";
  return `at ${Math.round(finer * 100)}% of left's resolution`;
}

const share = (part) => (part >= 0.995 ? "all" : percent(part));

const graded = (value, grades, otherwise) => grades.find(([least]) => value >= least)?.[1] ?? otherwise;
