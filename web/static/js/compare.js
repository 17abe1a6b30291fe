// Two pictures against each other: look, decide, go on. What was decided here can be undone step by step.

import { get, post } from "./api.js";
import { done, refused, run } from "./batches.js";
import { varied } from "./kinds.js";
import { evidence, REFERENCE } from "./tiles.js";
import { showFacts } from "./facts.js";
import { percent } from "./format.js";
import { bind } from "./keys.js";
import { Filter } from "./filter.js";
import { Sequence } from "./sequence.js";
import { Stage } from "./stage.js";
import { byId, showError } from "./templates.js";
import { toast } from "./toasts.js";
import * as why from "./why.js";

const ADVANCE = "lookalike-advance";
const { scan } = byId("compare").dataset;
const filter = Filter.ofAddress();
const sequence = new Sequence(scan, filter.fields.sort, (after) => filter.query({ after, limit: 1 }));
const stage = new Stage();
const decisions = []; // each { frame, words, revert }, the latest last
let readOnly = new Map();
let busy = false;
let first; // where the overview was when it led here

bind([
  { keys: ["ArrowRight", "n"], label: "Next pair", run: next },
  { keys: ["ArrowLeft", "p"], label: "Previous pair", run: previous },
  { keys: ["1"], label: "Keep left, the right one goes to the trash", run: () => press("keep-left") },
  { keys: ["2"], label: "Keep right, the left one goes to the trash", run: () => press("keep-right") },
  { keys: ["3"], label: "Keep both", run: () => press("keep-both") },
  { keys: ["x"], label: "Not duplicates: never show this pair again", run: () => press("unrelated") },
  { keys: ["u"], label: "Undo the last decision", run: undo },
  { keys: ["f", " "], label: "Flip between the two", run: () => stage.flip() },
  { keys: ["s"], label: "Side by side", run: () => stage.setMode("side") },
  { keys: ["l"], label: "Split with a slider", run: () => stage.setMode("slider") },
  { keys: ["d"], label: "Show the difference", run: () => stage.setMode("difference") },
  { keys: ["+", "="], label: "Zoom in", run: () => stage.zoom(1.5) },
  { keys: ["-"], label: "Zoom out", run: () => stage.zoom(1 / 1.5) },
  { keys: ["0"], label: "Whole picture", run: () => stage.reset() },
  { keys: ["w"], label: "Why these two match", run: why.toggle },
  { keys: ["Escape"], label: "Back to the groups", run: () => location.assign(byId("back").href) },
]);
const buttons = {
  next, previous, undo, "end-undo": undo,
  "keep-left": () => keep("right"), "keep-right": () => keep("left"),
  "keep-both": () => decide(wanted(), "Both are kept"),
  unrelated: () => decide("unrelated", "Not duplicates"),
  "zoom-in": () => stage.zoom(1.5), "zoom-out": () => stage.zoom(1 / 1.5), "zoom-reset": () => stage.reset(),
};
for (const [id, action] of Object.entries(buttons)) byId(id).addEventListener("click", action);
byId("advance").checked = localStorage.getItem(ADVANCE) !== "off";
byId("advance").addEventListener("change", () => localStorage.setItem(ADVANCE, byId("advance").checked ? "on" : "off"));
begin();

const press = (id) => { if (!byId(id).disabled) byId(id).click(); };

async function begin() {
  const address = new URLSearchParams(location.search);
  await attempt(async () => {
    const { libraries } = await get("/api/libraries");
    readOnly = new Map(libraries.filter((library) => library.read_only !== null).map((library) => [library.id, library.read_only]));
    first = { group: Number(address.get("group")), after: address.get("after") };
    if (address.has("group")) await sequence.open(address.get("group"), address.get("image"));
    else if (!(await sequence.enterNext(""))) return end();
    if (sequence.pair || (await sequence.next())) await show();
    else end();
  });
}

// One action at a time; what goes wrong is said, and changes nothing here.
async function attempt(action) {
  if (busy) return;
  busy = true;
  showError(byId("compare-error"));
  try {
    await action();
  } catch (error) {
    showError(byId("compare-error"), error.message);
  }
  busy = false;
}

async function show() {
  const frame = sequence.pair;
  const { group, left, right } = frame;
  frame.signals ??= await related(frame);
  byId("pair").hidden = false;
  byId("end").hidden = true;
  byId("pair-title").textContent = `${left.image.name} and ${right.image.name}`;
  byId("pair-signals").textContent = summary(frame);
  byId("announce").textContent = `${byId("pair-title").textContent}. ${byId("pair-signals").textContent}`;
  document.title = `${byId("pair-title").textContent} · Lookalike`;
  showFacts(left.image, right.image);
  why.show(left.image, right.image, frame.signals);
  stage.show(left.image, right.image, frame.signals?.alignment);
  offer();
  remember(group, right.image.id);
}

// How the right one lies on the left one; null where the two were never found alike.
async function related({ group, left, right }) {
  if (left.image.id === group.keeper) return right.signals;
  const found = await get(`/api/scans/${scan}/groups/${group.id}/around/${left.image.id}`);
  return found.group?.members.find(({ image }) => image.id === right.image.id)?.signals ?? null;
}

function summary({ left, right, signals }) {
  const gone = [left, right].filter((one) => one.image.trashed).map((one) => `${one.image.name} is in the trash.`).join(" ");
  if (gone) return gone;
  return signals ? `${percent(signals.similarity)} alike: ${evidence(signals)}` : "In one group with a picture that both are like";
}

function offer() {
  const { left, right } = sequence.pair ?? {};
  const here = Boolean(left) && !left.image.trashed && !right.image.trashed;
  for (const [id, loser] of [["keep-left", right], ["keep-right", left]]) {
    const reason = loser && (loser.image.reference ? REFERENCE : readOnly.get(loser.image.library));
    byId(id).disabled = !here || Boolean(reason);
    byId(id).title = reason ?? "";
  }
  byId("keep-both").disabled = byId("unrelated").disabled = !here;
  byId("previous").disabled = !sequence.past.length;
  byId("undo").disabled = !decisions.length;
  byId("end-undo").hidden = !decisions.length;
}

// The address names the pair, so that a reload or a link comes back to it; "All groups" goes back to its filters.
function remember(group, image) {
  const where = group.id === first.group ? first.after : inclusive(group.cursor);
  const after = where ? { after: where } : {};
  history.replaceState(null, "", `${location.pathname}?${filter.query({ group: group.id, image, ...after })}`);
  for (const id of ["back", "end-back"]) byId(id).href = `/scans/${scan}?${filter.query(after)}#group-${group.id}`;
}

// The cursor just before a group's own: a page that follows it opens with that group.
function inclusive(cursor) {
  const [value, id] = cursor.split("~");
  return `${value}~${Number(id) - 1}`;
}

function end() {
  byId("pair").hidden = true;
  byId("end").hidden = false;
  byId("announce").textContent = "That was all.";
  offer();
}

function next() {
  return attempt(goOn);
}

async function goOn() {
  if (await sequence.next()) await show();
  else end();
}

function previous() {
  return attempt(async () => {
    const ended = byId("pair").hidden && sequence.pair;
    if (ended || sequence.previous()) await show();
  });
}

const keep = (loser) => attempt(async () => {
  const frame = sequence.pair;
  const { image } = frame[loser];
  const batch = await run("/api/batches", { scan, images: [image.id] });
  const [refusal] = refused(batch);
  if (refusal) throw new Error(`${image.name} was left as it was: ${refusal.reason}`);
  image.trashed = batch.id;
  await settle(frame, `${image.name} is in the trash`, async () => {
    const restored = await run(`/api/batches/${batch.id}/undo`);
    if (!done(restored).length) throw new Error(refused(restored)[0]?.reason ?? "It could not be brought back.");
    image.trashed = null;
  });
});

// Both stay: the same picture twice on purpose, or two versions of it.
const wanted = () => (varied(sequence.pair.signals) ? "variants" : "duplicates");

const decide = (verdict, words) => attempt(async () => {
  const frame = sequence.pair;
  const pairs = [{ a: frame.left.image.id, b: frame.right.image.id }];
  await post(`/api/scans/${scan}/verdicts`, { verdict, pairs });
  await settle(frame, words, () => post(`/api/scans/${scan}/verdicts`, { verdict: null, pairs }));
});

async function settle(frame, words, revert) {
  decisions.push({ frame, words, revert });
  byId("announce").textContent = words;
  if (byId("advance").checked) await goOn();
  else await show();
  toast(`${words}.`, { label: "Undo", run: undo });
}

function undo() {
  const last = decisions.at(-1);
  if (!last) return undefined;
  return attempt(async () => {
    await last.revert();
    decisions.pop();
    sequence.returnTo(last.frame);
    await show();
    toast(`Undone: ${last.words}.`);
  });
}
