// The groups of a scan: sorted, filtered, shown page by page, ticked, moved to the trash. The last picture of a group stays.
// Invariant: the page holds MOST_GROUPS at most beside those with a tick, however far one goes; the address says where.

import { get } from "./api.js";
import { Mover } from "./batches.js";
import * as exporting from "./export.js";
import { Filter } from "./filter.js";
import * as filters from "./filters.js";
import { plural } from "./format.js";
import { Group } from "./group.js";
import { contents, reject } from "./group-verdict.js";
import { bind } from "./keys.js";
import { byId, showError } from "./templates.js";
import * as ticked from "./ticked.js";
import { Tile } from "./tiles.js";
import { toast } from "./toasts.js";

const LAST = "The last picture of a group stays.";
const EQUAL = "These files are identical: there is nothing to tell apart.";
const MOST_GROUPS = 100;

let groups = [];
const tiles = new Map();
let filter = Filter.ofAddress();
let mover;
let scan;
let readOnly;
let start = new URLSearchParams(location.search).get("after") ?? ""; // the cursor that the first group shown follows
let next = start;
let stale = true; // what is shown is of another filter, or a skeleton, until the first page has come
let asked = 0; // rises with each change of the filter, so that an answer to an earlier one is dropped

// `reasons` maps the id of a library that cannot be written to the reason.
export async function show(id, reasons) {
  scan = id;
  readOnly = reasons;
  mover = new Mover(id, (image) => tiles.get(image), refresh);
  byId("more").addEventListener("click", loadMore);
  byId("earlier").addEventListener("click", () => startAnew(filter));
  byId("show-all").addEventListener("click", () => startAnew(new Filter({ sort: filter.fields.sort })));
  byId("select-all").addEventListener("click", () => { groups.forEach((group) => group.selectAllButKeeper()); refresh(); });
  byId("clear").addEventListener("click", () => { selected().forEach((tile) => tile.select(false)); refresh(); byId("summary").focus(); });
  ticked.setUp(selected, mover);
  window.addEventListener("popstate", comeBack);
  bindKeys();
  exporting.setUp(id, () => filter, () => groups.filter((group) => group.ticked).map((group) => group.id));
  filters.setUp(id, () => filter, (fields) => startAnew(filter.with(fields))).catch((error) => showError(byId("results-error"), error.message));
  await loadMore();
  byId(location.hash.slice(1))?.focus();
  await mover.showLatest();
}

function bindKeys() {
  const here = () => groups.find(({ element }) => element.contains(document.activeElement));
  const go = (step) => groups[Math.min(groups.length - 1, Math.max(0, groups.indexOf(here()) + step))]?.element.focus();
  bind([
    { keys: ["j", "ArrowRight"], label: "Next group", run: () => go(1) },
    { keys: ["k", "ArrowLeft"], label: "Previous group", run: () => go(-1) },
    { keys: ["Enter", "c"], label: "Compare the pictures of a group", run: () => (here() ?? groups[0])?.element.querySelector("[data-compare]").click() },
    { keys: ["a"], label: "Select all but the keeper of a group", run: () => { if (here()) { here().selectAllButKeeper(); refresh(); } } },
    { keys: ["m"], label: "Keep the picture that has the focus", run: () => { if (here()?.focused) keepInstead(here(), here().focused); } },
    { keys: ["n"], label: "Not duplicates: none of a group", run: () => { if (here()) rejectAll(here()); } },
    { keys: ["u"], label: "Undo the last deletion or move", run: () => { if (!byId("undo-last").hidden) byId("undo-last").click(); } },
  ]);
}

// From the first group on: they were formed anew.
export const showAnew = () => startAnew(filter);

function startAnew(wanted) {
  filter = wanted;
  history.pushState(null, "", address());
  reload("");
}

function address(more = {}) {
  const query = filter.query(more);
  return location.pathname + (query && `?${query}`);
}

function comeBack() {
  filter = Filter.ofAddress();
  reload(new URLSearchParams(location.search).get("after") ?? "");
}

function reload(after) {
  filters.fill(filter);
  start = next = after;
  selected().forEach((tile) => tile.select(false));
  stale = true; // it stays in sight, so that nothing jumps, and cannot be used
  refresh();
  loadMore();
}

async function loadMore() {
  const turn = asked += 1;
  byId("more").disabled = true;
  byId("groups").setAttribute("aria-busy", "true");
  byId("groups").inert = stale;
  atEnd.disconnect();
  try {
    const page = await get(`/api/scans/${scan}/groups?${filter.query({ after: next })}`);
    if (turn !== asked) return;
    next = page.next;
    if (stale) empty();
    byId("groups").append(...page.groups.map(makeGroup));
    if (page.total !== null) byId("found").textContent = plural(page.total, "group");
    dropEarliest();
    showError(byId("results-error"));
  } catch (error) {
    if (turn !== asked) return;
    showError(byId("results-error"), error.message);
  }
  byId("groups").removeAttribute("aria-busy");
  byId("more").disabled = false;
  showWhere();
  refresh();
  if (next && byId("results-error").hidden) atEnd.observe(byId("more"));
}

// Whoever scrolls on gets more without asking; the button is for keys, and for when the server did not answer.
const atEnd = new IntersectionObserver(([seen]) => { if (seen.isIntersecting) loadMore(); }, { rootMargin: "600px" });

function empty() {
  stale = false;
  groups = [];
  tiles.clear();
  byId("groups").replaceChildren();
  byId("groups").inert = false;
}

function showWhere() {
  byId("more").hidden = !next;
  byId("earlier").hidden = !start;
  byId("select-all").hidden = byId("by-rules").hidden = byId("by-folders").hidden = !groups.length;
  byId("by-rules").href = `/scans/${scan}/plan?${filter.query()}`;
  byId("none-left").hidden = groups.length > 0;
  byId("none-left").querySelector("h2").textContent = filter.fields.show === "decided" ? "Nothing is decided yet" : "No group is left here";
  byId("none-left").querySelector("p").textContent = filter.restricts
    ? "No group is as the filters say."
    : "All groups are decided. They are under “Shown: Decided”.";
}

// Keeps the page small: groups far above go, together with their pictures, unless something in them is ticked.
function dropEarliest() {
  const seen = groups.slice(-MOST_GROUPS).find(({ element }) => element.getBoundingClientRect().bottom > 0)?.element;
  const top = seen?.getBoundingClientRect().top;
  while (groups.length > MOST_GROUPS) {
    const [first] = groups;
    if (first.touched) break;
    first.element.remove();
    for (const tile of first.tiles) tiles.delete(tile.image.id);
    groups.shift();
    start = first.cursor;
  }
  // what is looked at stays in place; browsers left to themselves would rather keep the button below in sight
  if (seen) scrollBy({ top: seen.getBoundingClientRect().top - top, behavior: "instant" });
  history.replaceState(null, "", address(start ? { after: start } : {}) + location.hash);
}

function makeGroup(found) {
  const group = new Group(found, makeTile);
  groups.push(group);
  for (const tile of group.others) tile.offerToKeep(() => keepInstead(group, tile));
  group.find("[data-select]").addEventListener("click", () => { group.selectAllButKeeper(); refresh(); });
  group.find("[data-reject]").addEventListener("click", () => rejectAll(group));
  group.find("[data-compare]").href = `/scans/${scan}/compare?${filter.query({ group: found.id, ...(start ? { after: start } : {}) })}`;
  return group.element;
}

function makeTile(member) {
  const tile = new Tile(member, readOnly.get(member.image.library) ?? null);
  tile.check.addEventListener("change", () => { tile.select(tile.check.checked); refresh(); });
  tiles.set(member.image.id, tile);
  return tile;
}

// The group as it is around another of its pictures: what is not known to match that one leaves. Nothing is moved by it.
const keepInstead = (group, { image }) => attempt(async () => {
  if (image.trashed || group.keeper.image === image) return;
  const { group: found, left } = await get(`/api/scans/${scan}/groups/${group.id}/around/${image.id}`);
  if (!found) return toast(`No other picture of this group is known to match ${image.name}: it cannot be kept instead of them.`);
  replace(group, found)?.keeper.find(".tile-picture").focus();
  const words = left.length ? `${plural(left.length, "picture")} left this group: not known to match it.` : "";
  toast(`${image.name} is kept instead. ${words}`.trim(), { label: "Undo", run: () => attempt(() => showLeft(group.id)) });
});

async function rejectAll(group) {
  const [keeper, ...others] = group.images;
  if (contents([keeper, ...others]).length < 2) { toast(EQUAL); return; }
  await attempt(async () => {
    const takeBack = await reject(scan, [keeper, ...others]);
    const equal = others.some(({ digest }) => digest === keeper.digest);
    const words = equal ? "Not duplicates: only identical files are left in this group." : "Not duplicates: this group is not shown again.";
    toast(words, { label: "Undo", run: () => attempt(async () => { await takeBack(); showAnew(); }) });
    await (equal ? showLeft(group.id) : goOn(group));
  });
}

function goOn(group) {
  const following = groups[groups.indexOf(group) + 1] ?? groups[groups.indexOf(group) - 1];
  leave(group);
  (following?.element ?? byId("summary")).focus();
}

// In its place, what the server counts to it.
async function showLeft(id) {
  const found = await get(`/api/scans/${scan}/groups/${id}?sort=${filter.fields.sort}`);
  const group = groups.find((one) => one.id === id); // not there where another page was asked for meanwhile
  if (group) replace(group, found)?.element.focus();
}

function replace(group, found) {
  const at = groups.indexOf(group);
  if (at < 0) return null;
  const before = group.element.nextSibling;
  leave(group);
  byId("groups").insertBefore(makeGroup(found), before);
  groups.splice(at, 0, groups.pop());
  showWhere();
  refresh();
  return groups[at];
}

function leave(group) {
  group.element.remove();
  group.tiles.forEach((tile) => tiles.delete(tile.image.id));
  groups = groups.filter((one) => one !== group);
  showWhere();
  refresh();
}

async function attempt(action) {
  showError(byId("results-error"));
  try {
    await action();
  } catch (error) {
    showError(byId("results-error"), error.message);
  }
}

const selected = () => [...tiles.values()].filter((tile) => tile.selected);

function refresh() {
  for (const group of groups) group.lockLast(LAST);
  ticked.show(selected());
}
