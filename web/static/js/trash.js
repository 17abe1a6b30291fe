// The trash: what lies in it by batch, brought back or, asked twice, deleted for good.

import { get } from "./api.js";
import { done, refused, run } from "./batches.js";
import { confirm } from "./confirm.js";
import { bytes, count, plural, time } from "./format.js";
import { byId, clone, showError } from "./templates.js";
import { toast } from "./toasts.js";

const SHOWN = 50;
const LINKED = { link: "a hard link is in its place" };
let entries = [];

byId("purge-all").addEventListener("click", () => purge(entries));
refresh();

const size = (some) => bytes(some.reduce((total, entry) => total + entry.size, 0));

async function refresh() {
  try {
    ({ entries } = await get("/api/trash"));
    show();
  } catch (error) {
    showError(byId("trash-error"), error.message);
  }
  byId("batches").removeAttribute("aria-busy");
}

function show() {
  const batches = Map.groupBy(entries, (entry) => entry.plan ?? entry.batch);
  byId("batches").replaceChildren(...[...batches.values()].map(makeBatch));
  byId("empty").hidden = entries.length > 0;
  byId("purge-all").hidden = !entries.length;
}

// A plan is brought back as a whole on its own page; entries are shown some at a time, since there may be thousands.
function makeBatch(some) {
  const [{ batch, plan, deleted }] = some;
  const section = clone("batch");
  section.querySelector("h2").textContent = `${plural(some.length, "picture")} (${size(some)}), ${time(deleted)}`;
  section.querySelector("[data-all]").addEventListener("click", () => (plan ? location.assign(`/plans/${plan}`) : restore(batch, some)));
  if (plan) section.querySelector("[data-all] span").textContent = "To the plan, to bring all back";
  const more = section.querySelector("[data-more]");
  const list = section.querySelector(".entries");
  const showMore = () => {
    list.append(...some.slice(list.childElementCount, list.childElementCount + SHOWN).map((entry) => makeEntry(entry.batch, entry)));
    more.hidden = list.childElementCount === some.length;
    more.textContent = `Show more of ${count(some.length)}`;
  };
  more.addEventListener("click", showMore);
  showMore();
  return section;
}

function makeEntry(id, entry) {
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
  restoring.addEventListener("click", () => restore(id, [entry]));
  const purging = item.querySelector("[data-purge]");
  purging.setAttribute("aria-label", `Delete ${entry.name} for good`);
  purging.addEventListener("click", () => purge([entry]));
  return item;
}

const ids = (some) => some.map((entry) => entry.id);

const restore = (batch, some) => change(
  "/api/trash/restore", { batch, entries: ids(some) }, (n) => `Brought back ${plural(n, "picture")}.`,
);

async function purge(some) {
  const sure = await confirm({
    title: `Delete ${plural(some.length, "picture")} for good?`,
    text: `${size(some)} will be freed, and no one can bring ${some.length === 1 ? "it" : "them"} back.`,
    check: "I do not need to bring this back",
    yes: "Delete for good",
  });
  if (sure) await change("/api/trash/purge", { entries: ids(some), confirmed: true }, (n) => `Deleted ${plural(n, "picture")} for good.`);
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
