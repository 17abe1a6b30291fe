// A scan's page: progress while it runs, why it ended where it did not end well, and what it found.

import { get, post } from "./api.js";
import { count, localizeTimes, plural } from "./format.js";
import * as groups from "./groups.js";
import * as matches from "./matches.js";
import * as preview from "./preview.js";
import { follow, showControls } from "./progress.js";
import * as provisional from "./provisional.js";
import { recall } from "./query.js";
import { byId, showError } from "./templates.js";
import * as threshold from "./threshold.js";
import { toast } from "./toasts.js";

const { id } = byId("scan").dataset;
const isSearch = byId("scan").dataset.search === "true";
let watched = false;

preview.setUp();
showQuery();
for (const what of ["pause", "resume", "cancel"]) {
  byId(what).addEventListener("click", () => change(what));
  byId(what).disabled = false; // before, a click would have been lost
}
for (const button of document.querySelectorAll("[data-again]")) button.addEventListener("click", () => again(button));
begin();

async function begin() {
  try {
    const progress = await follow(id, () => { watched = true; }, () => { if (!isSearch) provisional.look(id); });
    if (!isSearch) provisional.end();
    byId("progress").hidden = true;
    if (progress.state === "done") await showResults(progress);
    else showEnd(progress);
  } catch (error) {
    showError(byId("connection"), error.message);
  }
}

async function change(what) {
  byId(what).disabled = true;
  try {
    const { state } = await post(`/api/scans/${id}/${what}`);
    showControls(state);
    if (byId(what).hidden) byId(what === "pause" ? "resume" : "pause").focus();
  } catch (error) {
    showError(byId("connection"), error.message);
  }
  byId(what).disabled = false;
}

// The same folders in the same way; what is unchanged is not read again.
async function again(button) {
  button.disabled = true;
  try {
    const scan = await post(`/api/scans/${id}/again`);
    location.assign(`/scans/${scan.id}`);
  } catch (error) {
    toast(error.message);
    button.disabled = false;
  }
}

function showQuery() {
  const image = recall(id);
  if (!image) return;
  byId("query").src = image;
  byId("query").hidden = false;
}

function showEnd(progress) {
  const what = isSearch ? "search" : "scan";
  const failed = progress.state === "failed";
  byId("ended-title").textContent = `The ${what} ${failed ? "could not be finished" : "was cancelled"}`;
  byId("ended-text").textContent = failed
    ? progress.error?.message ?? "No reason is known; the workers' log says more."
    : "Nothing was changed. What was read so far is remembered, so the next one will be faster.";
  byId("ended").hidden = false;
  document.title = `${byId("ended-title").textContent} · Lookalike`;
}

async function showResults(progress) {
  const found = isSearch ? progress.matches : progress.groups;
  const summary = isSearch
    ? `${plural(found, "match", "matches")} in ${plural(progress.images.total, "picture")}`
    : `${plural(found, "group")} in ${plural(progress.images.total, "picture")}`;
  byId("summary").textContent = summary;
  document.title = `${summary} · Lookalike`;
  const closed = await closedLibraries();
  byId("results").hidden = false; // with all that stands above the pictures, so that nothing jumps
  showClosed(closed);
  byId("without").hidden = !progress.without;
  byId("without").querySelector("span").textContent = progress.without ?? "";
  if (progress.as_of) showAsOf(progress.as_of);
  if (watched) toast(`Done: ${summary}.`);
  if (progress.images.unreadable) showUnreadable(progress.images.unreadable);
  if (!found) {
    if (!isSearch) for (const part of ["filter-fold", "groups", "select-all", "by-rules", "by-folders"]) byId(part).hidden = true;
    showEmpty(progress);
  } else await (isSearch ? matches : groups).show(id, new Map(closed.map((library) => [library.id, library.read_only])));
  // last: its counts take the server long where there is much, and the first groups come first
  if (byId("threshold")) {
    threshold.setUp(id, () => (found ? regrouped() : location.reload())).catch(() => { byId("threshold").hidden = true; }); // too many pairs
  }
}

function showAsOf(seconds) {
  const time = byId("as-of").querySelector("time");
  time.dateTime = new Date(seconds * 1000).toISOString();
  localizeTimes(byId("as-of"));
  byId("as-of").hidden = false;
}

async function regrouped() {
  const progress = await get(`/api/scans/${id}`);
  byId("summary").textContent = `${plural(progress.groups, "group")} in ${plural(progress.images.total, "picture")}`;
  groups.showAnew();
}

function showEmpty(progress) {
  byId("empty").querySelector("h2").textContent = isSearch ? "This image is not in there" : "Nothing is twice here";
  byId("empty").querySelector("p").textContent = progress.preset === "exact"
    ? "Try “Near copies”: it also finds what was resized or saved again."
    : `None of ${plural(progress.images.total, "picture")} ${isSearch ? "matches" : "matches another"}. A larger difference would find more.`;
  byId("empty").hidden = false;
}

async function closedLibraries() {
  const { libraries } = await get("/api/libraries").catch(() => ({ libraries: [] }));
  return libraries.filter((library) => library.read_only !== null);
}

function showClosed(libraries) {
  byId("read-only").hidden = !libraries.length;
  byId("read-only").querySelector("span").textContent =
    libraries.map((library) => `Nothing can be deleted in ${library.name}: ${library.read_only}`).join(" ");
}

function showUnreadable(total) {
  const details = byId("unreadable");
  details.hidden = false;
  details.querySelector("summary").textContent = `${count(total)} ${total === 1 ? "file" : "files"} could not be read in full`;
  details.addEventListener("toggle", listUnreadable, { once: true });
}

async function listUnreadable() {
  const list = byId("unreadable").querySelector("ul");
  try {
    const { unreadable } = await get(`/api/scans/${id}/unreadable`);
    list.replaceChildren(...unreadable.map(({ path, reason }) => {
      const item = document.createElement("li");
      const name = document.createElement("strong");
      name.textContent = path;
      item.append(name, ` ${reason}`);
      return item;
    }));
  } catch (error) {
    list.textContent = error.message;
  }
}
