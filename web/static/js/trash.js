// The trash: what lies in it by batch, brought back or, asked twice, deleted for good.

import { get } from "./api.js";
import { done, refused, run } from "./batches.js";
import { confirm } from "./confirm.js";
import { bytes, plural, time } from "./format.js";
import { byId, clone, showError } from "./templates.js";
import { toast } from "./toasts.js";

const PAGE = 50;
const LARGEST_PAGE = 200;
const LINKED = { link: "a hard link is in its place" };
const sections = new Map(); // of each plan, or batch that is part of none, by its id
let next = ""; // where the next page begins, null after the last
let listed = 0;
let whole; // pictures and bytes of all that lies in the trash
let latest; // when the latest of them was deleted, so that what comes later is not emptied with them

byId("purge-all").addEventListener("click", () => purge(whole, { until: latest }));
byId("more").addEventListener("click", () => attempt(() => more(PAGE)));
refresh();

// As many pictures as were listed before, from the first on.
async function refresh() {
  const wanted = Math.max(PAGE, listed);
  await attempt(async () => {
    [next, listed] = ["", 0];
    do await more(Math.min(LARGEST_PAGE, wanted - listed)); while (next !== null && listed < wanted);
  });
  byId("batches").removeAttribute("aria-busy");
}

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    showError(byId("trash-error"), error.message);
    byId("more").disabled = false;
  }
}

async function more(limit) {
  byId("more").disabled = true; // one page at a time
  const page = await get(`/api/trash?${new URLSearchParams({ after: next, limit })}`);
  if (!listed) begin(page);
  for (const [id, some] of Map.groupBy(page.entries, (entry) => entry.plan ?? entry.batch)) {
    if (!sections.has(id)) sections.set(id, makeSection(some[0], page.sums[id]));
    sections.get(id).querySelector(".entries").append(...some.map(makeEntry));
  }
  listed += page.entries.length;
  next = page.next;
  byId("more").disabled = next === null;
  byId("more").hidden = next === null;
}

function begin(page) {
  sections.clear();
  byId("batches").replaceChildren();
  whole = page.whole;
  latest = page.entries[0]?.deleted;
  byId("empty").hidden = whole.pictures > 0;
  byId("purge-all").hidden = !whole.pictures;
}

// A plan is brought back as a whole on its own page.
function makeSection({ batch, plan, deleted }, sum) {
  const section = clone("batch");
  section.querySelector("h2").textContent = `${plural(sum.pictures, "picture")} (${bytes(sum.size)}), ${time(deleted)}`;
  section.querySelector("[data-all]").addEventListener("click", () => (plan ? location.assign(`/plans/${plan}`) : restore(batch, null)));
  if (plan) section.querySelector("[data-all] span").textContent = "To the plan, to bring all back";
  byId("batches").append(section);
  return section;
}

function makeEntry(entry) {
  const item = clone("entry");
  const img = item.querySelector("img");
  img.onerror = () => { img.hidden = true; };
  img.src = entry.thumbnail;
  item.dataset.entry = entry.id;
  item.querySelector("strong").textContent = entry.name;
  const parts = [entry.folder, bytes(entry.size), LINKED[entry.action], entry.companions.length && `with ${entry.companions.join(", ")}`];
  item.querySelector(".hint").textContent = parts.filter(Boolean).join(" · ");
  const restoring = item.querySelector("[data-restore]");
  restoring.setAttribute("aria-label", `Bring back ${entry.name}`);
  restoring.addEventListener("click", () => restore(entry.batch, [entry.id]));
  const purging = item.querySelector("[data-purge]");
  purging.setAttribute("aria-label", `Delete ${entry.name} for good`);
  purging.addEventListener("click", () => purge({ pictures: 1, size: entry.size }, { entries: [entry.id] }));
  return item;
}

const restore = (batch, entries) => change("/api/trash/restore", { batch, entries }, (n) => `Brought back ${plural(n, "picture")}.`);

async function purge({ pictures, size }, which) {
  const sure = await confirm({
    title: `Delete ${plural(pictures, "picture")} for good?`,
    text: `${bytes(size)} will be freed, and no one can bring ${pictures === 1 ? "it" : "them"} back.`,
    check: "I do not need to bring this back",
    yes: "Delete for good",
  });
  if (sure) await change("/api/trash/purge", { ...which, confirmed: true }, (n) => `Deleted ${plural(n, "picture")} for good.`);
}

async function change(path, body, words) {
  showError(byId("trash-error"));
  try {
    const batch = await run(path, body);
    const n = done(batch).length;
    if (n) toast(words(n));
    const not = refused(batch);
    if (not.length) {
      showError(byId("trash-error"), not.map((outcome) => `${outcome.path}: ${outcome.reason}`).join("\n"));
    }
  } catch (error) {
    showError(byId("trash-error"), error.message);
  }
  await refresh();
}
