// All scans, newest first: how far each is, and what can be done with it. Those that have not ended are kept up to date.

import { get, pause, post, remove } from "./api.js";
import { confirm } from "./confirm.js";
import { count, plural, time } from "./format.js";
import { byId, clone, showError } from "./templates.js";
import { toast } from "./toasts.js";

const PAGE = 50;
const POLL_MS = 1000;
const ENDED = new Set(["done", "failed", "cancelled"]);
const WORDS = { queued: "waiting", running: "running", paused: "paused", done: "done", failed: "failed", cancelled: "cancelled" };
const OFFERS = {
  pause: (scan) => ["queued", "running"].includes(scan.state),
  resume: (scan) => scan.state === "paused",
  cancel: (scan) => !ENDED.has(scan.state),
  again: (scan) => ENDED.has(scan.state) && scan.kind === "library",
  delete: (scan) => ENDED.has(scan.state),
};

const rows = new Map(); // id -> { scan, element }
let next = null;

byId("more").addEventListener("click", () => attempt(more));
begin();

async function begin() {
  await attempt(more);
  byId("scans").removeAttribute("aria-busy");
  for (const skeleton of byId("scans").querySelectorAll(".skeleton")) skeleton.remove();
  settle();
  keepUpToDate();
}

async function attempt(action) {
  showError(byId("scans-error"));
  try {
    await action();
  } catch (error) {
    showError(byId("scans-error"), error.message);
  }
}

async function more() {
  const page = await get(`/api/scans?limit=${PAGE}${next === null ? "" : `&before=${next}`}`);
  next = page.next;
  for (const scan of page.scans) if (!rows.has(scan.id)) byId("scans").append(makeRow(scan));
  byId("more").hidden = next === null;
}

async function keepUpToDate() {
  for (;;) {
    await pause(POLL_MS);
    const open = [...rows.values()].filter(({ scan }) => !ENDED.has(scan.state));
    if (document.hidden || !open.length) continue;
    await Promise.all(open.map(({ scan }) => get(`/api/scans/${scan.id}`).then(show).catch(() => {}))); // the next turn tries again
  }
}

function makeRow(scan) {
  const element = clone("scan");
  rows.set(scan.id, { scan, element });
  element.dataset.scan = scan.id;
  element.querySelector("a").href = `/scans/${scan.id}`;
  element.querySelector(scan.kind === "find" ? "[data-search]" : "[data-scan]").hidden = false;
  element.querySelector(".scan-name").textContent = name(scan);
  element.querySelector("time").textContent = time(scan.created);
  for (const button of element.querySelectorAll("[data-do]")) {
    button.setAttribute("aria-label", `${button.textContent.trim()} ${name(scan)}`);
    button.addEventListener("click", () => act(scan.id, button));
  }
  show(scan);
  return element;
}

function name(scan) {
  const against = scan.reference.length ? ` against ${scan.reference.join(", ")}` : "";
  return `${scan.upload_name ? `${scan.upload_name} in ` : ""}${scan.folders.join(", ")}${against}`;
}

function show(scan) {
  const row = rows.get(scan.id);
  if (!row) return; // deleted since it was asked for
  row.scan = scan;
  const { element } = row;
  element.querySelector(".state").textContent = WORDS[scan.state];
  element.querySelector(".state").className = `state state-${scan.state}`;
  element.querySelector(".scan-found").textContent = about(scan);
  const bar = element.querySelector(".progress");
  bar.hidden = ENDED.has(scan.state);
  bar.setAttribute("aria-label", `Progress of ${name(scan)}`);
  bar.setAttribute("aria-valuenow", Math.floor(scan.fraction * 100));
  bar.firstElementChild.style.width = `${scan.fraction * 100}%`;
  for (const button of element.querySelectorAll("[data-do]")) button.hidden = !OFFERS[button.dataset.do](scan);
}

function about(scan) {
  if (scan.state === "done") return scan.kind === "find" ? plural(scan.matches, "match", "matches") : `${plural(scan.groups, "group")} in ${plural(scan.images.total, "picture")}`;
  if (scan.state === "failed") return scan.error?.message ?? "No reason is known; the workers' log says more.";
  if (scan.state === "cancelled") return "Cancelled; what was read is remembered.";
  const read = scan.images.total ? `, ${count(scan.images.done)} of ${plural(scan.images.total, "picture")} read` : "";
  return `${Math.floor(scan.fraction * 100)}%${read}`;
}

async function act(id, button) {
  const { element } = rows.get(id);
  const problem = element.querySelector(".error-text");
  showError(problem);
  button.disabled = true;
  try {
    await ACTIONS[button.dataset.do](id);
  } catch (error) {
    showError(problem, error.message);
  }
  button.disabled = false;
  if (button.hidden && element.isConnected) element.querySelector("a").focus(); // what had the focus is gone
}

const change = (what) => async (id) => show(await post(`/api/scans/${id}/${what}`));

const ACTIONS = {
  pause: change("pause"),
  resume: change("resume"),
  cancel: change("cancel"),
  again: async (id) => {
    const scan = await post(`/api/scans/${id}/again`);
    byId("scans").prepend(makeRow(scan));
    rows.get(scan.id).element.querySelector("a").focus();
    toast("The scan has started. What is unchanged is not read again.");
  },
  delete: async (id) => {
    const { scan, element } = rows.get(id);
    const text = `What it found in ${name(scan)} is forgotten. No picture is deleted.`;
    if (!await confirm({ title: "Delete this scan?", text, yes: "Delete the scan" })) return;
    await remove(`/api/scans/${id}`);
    rows.delete(id);
    const neighbour = element.nextElementSibling ?? element.previousElementSibling;
    element.remove();
    settle();
    (neighbour?.querySelector("a") ?? byId("main")).focus();
    toast("The scan is deleted.");
  },
};

function settle() {
  byId("scans").hidden = !rows.size;
  byId("empty").hidden = rows.size > 0 || !byId("scans-error").hidden;
}
