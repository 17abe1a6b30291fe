// What was decided about pairs: listed, revised, forgotten, exported and imported.

import { get, post } from "./api.js";
import { plural, time } from "./format.js";
import { byId, clone, showError } from "./templates.js";
import { toast } from "./toasts.js";

const PAGE = 50;
let verdicts = [];
let listed = 0;

byId("more").addEventListener("click", listMore);
byId("import").addEventListener("change", (event) => attempt(() => take(event.target)));
attempt(refresh);

async function attempt(action) {
  showError(byId("verdicts-error"));
  try {
    await action();
  } catch (error) {
    showError(byId("verdicts-error"), error.message);
  }
  byId("verdicts").removeAttribute("aria-busy");
}

async function refresh() {
  ({ verdicts } = await get("/api/verdicts"));
  listed = 0;
  byId("verdicts").replaceChildren();
  listMore();
}

function listMore() {
  byId("verdicts").append(...verdicts.slice(listed, listed + PAGE).map(entry));
  listed = Math.min(verdicts.length, listed + PAGE);
  byId("more").hidden = listed === verdicts.length;
  byId("empty").hidden = verdicts.length > 0;
  byId("export").hidden = !verdicts.length;
}

function entry(record) {
  const item = clone("verdict");
  const names = record.names.join(" and ");
  item.querySelectorAll("img").forEach((img, n) => {
    img.onerror = () => { img.hidden = true; };
    img.src = record.thumbnails[n];
  });
  item.querySelector("strong").textContent = names;
  item.querySelector(".hint").textContent = time(record.decided);
  const select = item.querySelector("select");
  select.setAttribute("aria-label", `What ${names} are`);
  select.value = record.verdict;
  select.addEventListener("change", () => attempt(() => revise(record, select.value)));
  const button = item.querySelector("button");
  button.setAttribute("aria-label", `Show ${names} again`);
  button.addEventListener("click", () => attempt(() => forget(record)));
  return item;
}

async function revise(record, verdict) {
  await post("/api/verdicts", { verdicts: [{ ...record, verdict, decided: Date.now() / 1000 }] });
  toast(`${record.names.join(" and ")}: ${verdict}.`);
}

async function forget(record) {
  await post("/api/verdicts/forget", { pairs: [{ a: record.a, b: record.b }] });
  await refresh();
  toast("This pair is shown again.", { label: "Undo", run: () => attempt(async () => { await post("/api/verdicts", { verdicts: [record] }); await refresh(); }) });
}

async function take(input) {
  let body;
  try {
    body = JSON.parse(await input.files[0].text());
  } catch {
    throw new Error("This is no JSON file. Choose one that was exported here.");
  } finally {
    input.value = "";
  }
  const { changed } = await post("/api/verdicts", body);
  await refresh();
  toast(`Imported ${plural(changed, "decision")}.`);
}
