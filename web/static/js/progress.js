// Follows a scan until it has ended and shows how far it is. The bar never goes back.

import { get, pause } from "./api.js";
import { count, duration } from "./format.js";
import { byId, showError } from "./templates.js";

const POLL_MS = 500;
const LONGEST_WAIT_MS = 5000;
const ENDED = new Set(["done", "failed", "cancelled"]);
const WORDS = {
  prepare: "Getting the network ready",
  plan: "Looking for pictures",
  extract: "Reading pictures",
  index: "Sorting what was read",
  compare: "Comparing pictures",
  nominate: "Looking for candidates",
  pair: "Sorting candidates",
  prove: "Laying pictures on one another",
  close: "Sorting what was proven",
  reprove: "Looking once more within groups",
  shortlist: "Looking for equal pixels",
  verify: "Checking equal pixels",
  group: "Putting alike pictures together",
};
const STATES = { queued: "Waiting for a worker", paused: "Paused" };
const UNITS = { extract: "pictures", verify: "pictures", compare: "pairs" };

let furthest = 0;

// Resolves to the last progress; calls `onWatch` once where the scan has not ended yet, and
// `onProgress` each time that it goes on.
export async function follow(id, onWatch, onProgress) {
  let wait = POLL_MS;
  for (let first = true; ; first = false) {
    try {
      const progress = await get(`/api/scans/${id}`);
      if (ENDED.has(progress.state)) return progress;
      if (first) onWatch();
      show(progress);
      onProgress();
      wait = POLL_MS;
      showError(byId("connection"));
    } catch (error) {
      if (error.status === 404) throw error;
      onWatch();
      wait = Math.min(LONGEST_WAIT_MS, wait * 2);
      showError(byId("connection"), `${error.message} Trying again…`);
    }
    await pause(wait);
  }
}

function show(progress) {
  furthest = Math.max(furthest, progress.fraction);
  const percent = Math.floor(furthest * 100);
  const words = STATES[progress.state] ?? WORDS[progress.phase];
  showControls(progress.state);
  if (byId("phase").textContent !== words) byId("phase").textContent = words; // announced only when it changes
  byId("bar").setAttribute("aria-valuenow", percent);
  byId("bar").firstElementChild.style.width = `${furthest * 100}%`;
  byId("bar").firstElementChild.textContent = percent >= 5 ? `${percent}%` : "";
  document.title = `${percent}% · Lookalike`;
  byId("images-done").textContent = done(progress.images);
  byId("pairs-done").textContent = done(progress.pairs);
  byId("unreadable-count").textContent = count(progress.images.unreadable);
  byId("rate").textContent = rate(progress);
  byId("eta").textContent = progress.eta_s === null ? "–" : duration(progress.eta_s);
  byId("note").textContent = progress.note ?? progress.without ?? "";
  byId("note").hidden = !byId("note").textContent;
}

export function showControls(state) {
  byId("pause").hidden = state === "paused";
  byId("resume").hidden = state !== "paused";
}

const done = (part) => (part.total ? `${count(part.done)} of ${count(part.total)}` : "–");

function rate(progress) {
  if (progress.rate === null) return "–";
  const value = progress.rate >= 10 ? Math.round(progress.rate) : Math.round(progress.rate * 10) / 10;
  return `${count(value)} ${UNITS[progress.phase] ?? ""} a second`;
}
