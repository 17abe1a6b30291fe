// Deciding by rules: each change of the rules stages another plan and shows what would come of it; nothing moves until it is
// applied. A plan has an address of its own, so that a reload, a link or another browser shows the same.

import { get, pause, post, remove } from "./api.js";
import { Filter } from "./filter.js";
import { bytes, count, plural } from "./format.js";
import { PlanGroups } from "./plan-groups.js";
import { setUpFor } from "./picker.js";
import * as preview from "./preview.js";
import { Rules, describe } from "./rules.js";
import { byId, showError } from "./templates.js";
import { toast } from "./toasts.js";

const WAIT_MS = 500;
const { scan } = byId("plan").dataset;
const ACTIONS = { // words for what becomes of pictures: where to, what is done, what was done
  trash: ["To the trash", (n) => `Move ${plural(n, "picture")} to the trash`, "moved"],
  move: ["To the folder", (n) => `Move ${plural(n, "picture")} to the folder`, "moved"],
  link: ["Hard links", (n) => `Replace ${plural(n, "file")} by hard links`, "replaced by links"],
};
const WORKING = ["running", "undoing"];
const rules = new Rules(changed);
const groups = new PlanGroups(scan);
let plan = null;
let wanted = wantedOfAddress();
let saved = [];
let target = null; // the folder that pictures are to move to
let turn = 0; // rises with each change, so that an answer to an earlier one is dropped
let mine = false; // this page made the plan it shows, and drops it when it makes another

preview.setUp();
setUpFor(byId("choose-target"), (place) => { target = place; showTarget(); changed(); });
byId("how").addEventListener("change", () => { showTarget(); changed(); });
byId("apply").addEventListener("click", () => act("apply"));
byId("stop").addEventListener("click", () => act("stop"));
byId("undo").addEventListener("click", () => act("undo"));
byId("save").addEventListener("submit", save);
byId("saved").addEventListener("change", takeSaved);
byId("forget").addEventListener("click", forget);
byId("refused").addEventListener("toggle", listRefused);
begin();

async function begin() {
  try {
    const { plan: id } = byId("plan").dataset;
    const known = await loadSaved();
    if (id) {
      show(await get(`/api/plans/${id}`));
      wanted = plan.wanted;
      rules.set(plan.rules);
      takeAction();
      follow();
    } else {
      rules.set(known);
      await stage();
    }
    showScope();
    await rules.loadFolders(scan);
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  showError(byId("plan-error"), error.message);
  byId("outcome").removeAttribute("aria-busy");
}

function wantedOfAddress() {
  const { fields } = Filter.ofAddress();
  const address = new URLSearchParams(location.search);
  const place = (name) => ({ library: address.get(`${name}_library`), path_b64: address.get(`${name}_b64`) ?? "" });
  return {
    show: fields.show, kind: fields.kind || null, library: fields.library || null, folder_b64: fields.folder_b64,
    least: Number(fields.least), most: Number(fields.most), format: fields.format || null,
    between: address.has("keep_library") ? { keep: place("keep"), clear: place("clear") } : null,
  };
}

function changed() {
  showError(byId("rules-error"));
  if (rules.complete && (action() !== "move" || target)) stage();
  else byId("apply").disabled = true;
}

// Quick changes one after another make one plan.
async function stage() {
  const now = turn += 1;
  byId("outcome").setAttribute("aria-busy", "true");
  byId("apply").disabled = true;
  await pause(plan ? 250 : 0);
  if (now !== turn) return;
  try {
    const staged = await post(`/api/scans/${scan}/plans`, {
      wanted, rules: rules.value, action: action(), target: action() === "move" ? { library: target.library, path_b64: target.path_b64 } : null,
    });
    if (now !== turn) return void drop(staged.id);
    if (mine) drop(plan.id);
    mine = true;
    history.replaceState(null, "", `/plans/${staged.id}`);
    showError(byId("plan-error"));
    show(staged);
    showScope();
  } catch (error) {
    if (now === turn) fail(error);
  }
}

const action = () => document.querySelector("input[name=action]:checked").value;

function showTarget() {
  byId("target-row").hidden = action() !== "move";
  byId("target").textContent = target?.label ?? "No folder chosen yet.";
}

function takeAction() {
  document.querySelector(`input[name=action][value=${plan.action}]`).checked = true;
  ({ target } = plan);
  showTarget();
}

const drop = (id) => remove(`/api/plans/${id}`).catch(() => {}); // it was applied elsewhere, or is dropped already

function show(found) {
  const another = plan?.id !== found.id;
  plan = found;
  const { totals, state } = plan;
  const staged = state === "staged";
  byId("outcome").removeAttribute("aria-busy");
  byId("rules").hidden = !staged;
  byId("plan").classList.toggle("applied", !staged);
  byId("outcome-title").textContent = title();
  byId("by").hidden = staged;
  byId("how").hidden = !staged;
  byId("moves-label").textContent = ACTIONS[plan.action][0];
  byId("by").textContent = [describe(plan.rules), plan.target && `To ${plan.target.label}.`].filter(Boolean).join(" ");
  byId("keeps").textContent = count(totals.keeps);
  byId("moves").textContent = count(totals.moves);
  byId("freed").textContent = bytes(totals.freed);
  byId("left").textContent = count(totals.left);
  offer();
  showWay();
  if (another) groups.open(plan);
}

function title() {
  const { totals, progress, state } = plan;
  return {
    staged: totals.moves ? `${plural(totals.moves, "picture")} of ${plural(totals.groups, "group")} ${plan.action === "link" ? "would become links" : "would go"}` : "Nothing would go by these rules",
    running: `Moving ${plural(totals.moves, "picture")}…`,
    stopped: `Stopped: ${plural(progress.done - progress.restored, "picture")} of ${count(totals.moves)} moved`,
    done: `Done: ${plural(progress.done, "picture")} ${ACTIONS[plan.action][2]} (${bytes(progress.freed)})`,
    undoing: `Bringing back ${plural(progress.done, "picture")}…`,
    undone: `Undone: ${plural(progress.restored, "picture")} brought back`,
  }[state];
}

function offer() {
  const { totals, progress, state } = plan;
  const away = progress.done - progress.restored;
  const applicable = state === "staged" || (state === "stopped" && progress.done + progress.refused < totals.moves);
  byId("apply").hidden = !applicable;
  byId("apply").disabled = !totals.moves;
  byId("apply").querySelector("span").textContent = state === "stopped" ? "Go on" : ACTIONS[plan.action][1](totals.moves);
  byId("staged-note").hidden = state !== "staged" || !totals.moves;
  byId("stop").hidden = !WORKING.includes(state);
  byId("undo").hidden = !(["stopped", "done", "undone"].includes(state) && away > 0);
  byId("undo").querySelector("span").textContent = `Undo: bring back ${plural(away, "picture")}`;
}

function showWay() {
  const { totals, progress, state } = plan;
  byId("way").hidden = state === "staged";
  const undoing = ["undoing", "undone"].includes(state);
  const part = undoing ? progress.restored / Math.max(1, progress.done) : (progress.done + progress.refused) / Math.max(1, totals.moves);
  const percent = Math.min(100, Math.floor(100 * part));
  byId("bar").setAttribute("aria-valuenow", percent);
  byId("bar").firstElementChild.style.width = `${percent}%`;
  byId("way-text").textContent = undoing
    ? `${count(progress.restored)} of ${count(progress.done)} brought back`
    : `${count(progress.done)} of ${count(totals.moves)} moved, ${bytes(progress.freed)}`;
  byId("refused").hidden = !progress.refused;
  byId("refused").querySelector("summary").textContent = `${plural(progress.refused, "file")} left as before`;
}

async function act(what) {
  for (const id of ["apply", "stop", "undo"]) byId(id).disabled = true;
  showError(byId("plan-error"));
  try {
    show(await post(`/api/plans/${plan.id}/${what}`));
  } catch (error) {
    fail(error);
    show(await get(`/api/plans/${plan.id}`).catch(() => plan));
  }
  byId("stop").disabled = byId("undo").disabled = false;
  byId("outcome-title").focus({ preventScroll: true });
  follow();
}

let following = false;
async function follow() {
  if (following) return;
  following = true;
  while (WORKING.includes(plan.state)) {
    await pause(WAIT_MS);
    const was = plan.state;
    const found = await get(`/api/plans/${plan.id}`).catch((error) => { showError(byId("plan-error"), error.message); return null; });
    if (!found) continue;
    showError(byId("plan-error"));
    show(found);
    if (was !== plan.state) {
      toast(`${byId("outcome-title").textContent}.`);
      groups.open(plan);
    }
  }
  following = false;
}

async function listRefused() {
  if (!byId("refused").open) return;
  const list = byId("refused").querySelector("ul");
  try {
    const { refused } = await get(`/api/plans/${plan.id}/refused`);
    list.replaceChildren(...refused.map(({ path, reason }) => {
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

function showScope() {
  const { between, show: shown, kind, library, least, most, format } = wanted;
  const limits = [
    kind && `kind: ${kind}`, library && "one folder", (least > 0 || most < 1) && `${Math.round(least * 100)}–${Math.round(most * 100)}% alike`, format,
    shown !== "open" && shown,
  ].filter(Boolean);
  const words = limits.length ? `Of the groups as filtered: ${limits.join(", ")}.` : "Of all groups.";
  byId("scope").textContent = between ? `Between two folders: ${(plan ?? { wanted }).wanted.between.clear.label} is cleared of what ${(plan ?? { wanted }).wanted.between.keep.label} has.` : words;
}

async function loadSaved() {
  const found = await get("/api/rules");
  ({ saved } = found);
  byId("saved-row").hidden = !saved.length;
  byId("saved").replaceChildren(new Option("Choose…", ""), ...saved.map(({ name }, n) => new Option(name, n)));
  byId("forget").disabled = true;
  return found.default;
}

function takeSaved() {
  const chosen = saved[Number(byId("saved").value)];
  byId("forget").disabled = byId("saved").value === "";
  if (byId("saved").value === "") return;
  byId("rules-name").value = chosen.name;
  rules.set(chosen.rules);
  changed();
}

async function save(event) {
  event.preventDefault();
  const name = byId("rules-name").value.trim();
  showError(byId("rules-error"));
  if (!name) {
    showError(byId("rules-error"), "Give the rules a name.");
    return byId("rules-name").focus();
  }
  try {
    await post("/api/rules", { name, rules: rules.value });
    await loadSaved();
    byId("saved").value = saved.findIndex((one) => one.name === name);
    byId("forget").disabled = false;
    toast(`Saved as “${name}”.`);
  } catch (error) {
    showError(byId("rules-error"), error.message);
  }
}

async function forget() {
  const { name } = saved[Number(byId("saved").value)];
  try {
    await remove(`/api/rules/${encodeURIComponent(name)}`);
    await loadSaved();
    byId("rules-name").focus();
    toast(`Removed “${name}”.`);
  } catch (error) {
    showError(byId("rules-error"), error.message);
  }
}
