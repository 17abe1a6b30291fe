// The chosen folders of a form, and the dialog that walks through the libraries to choose one.

import { get, post } from "./api.js";
import { closable } from "./confirm.js";
import { plural } from "./format.js";
import { byId, clone, showError } from "./templates.js";

const chosen = new Map(); // library + path -> { library, path_b64 }
const asReference = new Set(); // keys of those that are only compared with
let here = null; // the folder that the dialog shows: { library, path_b64, label }

const some = (wanted) => [...chosen].filter(([key]) => wanted(key)).map(([, folder]) => folder);

export const folders = () => some((key) => !asReference.has(key));

export const reference = () => some((key) => asReference.has(key));

export function setUp() {
  setUpFor(byId("choose-folder"), choose);
}

// For any page: `button` opens the dialog, and `take` is given the folder that is chosen: { library, path_b64, label }.
export function setUpFor(button, take) {
  closable(byId("picker"));
  button.addEventListener("click", () => { byId("picker").showModal(); openFirst(); });
  byId("picker-choose").addEventListener("click", () => { take(here); byId("picker").close(); });
  byId("picker-add").addEventListener("submit", addLibrary);
  byId("picker").addEventListener("close", () => button.focus());
}

export function askForFolder() {
  showError(byId("folders-error"), chosen.size ? "Something must be left to clear out: untick one of the folders." : "Choose at least one folder.");
  byId("choose-folder").focus();
}

async function openFirst() {
  if (here) return open(here.library, here.path_b64);
  const found = await showLibraries();
  if (found?.libraries.length === 1) await open(found.libraries[0].id);
}

async function attempt(load) {
  showError(byId("picker-error"));
  byId("picker-list").setAttribute("aria-busy", "true");
  byId("picker-choose").disabled = true; // or a folder would be chosen that is about to be left
  try {
    return await load();
  } catch (error) {
    showError(byId("picker-error"), error.message);
  } finally {
    byId("picker-list").removeAttribute("aria-busy");
    byId("picker-choose").disabled = !here;
  }
}

const showLibraries = () => attempt(async () => {
  const found = await get("/api/libraries");
  settle(null, [crumb("Libraries")]);
  byId("picker-add").hidden = !found.can_add;
  byId("picker-list").replaceChildren(...found.libraries.map((library) => row(library.name, library.path, () => open(library.id))));
  if (!found.libraries.length) {
    const advice = found.can_add ? "Add one below." : "Name them in LOOKALIKE_LIBRARIES, or after `lookalike up`.";
    byId("picker-list").append(remark(`No folder may be scanned yet. ${advice}`));
  }
  return found;
});

const open = (library, path = "") => attempt(async () => {
  const found = await get(`/api/libraries/${library}/folders?path_b64=${encodeURIComponent(path)}`);
  const label = [found.library.path, ...found.crumbs.slice(1).map((step) => step.name)].join("/");
  const steps = found.crumbs.map((step, n) => crumb(step.name, () => open(library, step.path_b64), n === found.crumbs.length - 1));
  settle({ library, path_b64: path, label }, [crumb("Libraries", showLibraries), ...steps]);
  byId("picker-here").textContent = `${contents(found.here)} directly in it`;
  byId("picker-list").replaceChildren(...found.inside.map((folder) => row(folder.name, contents(folder), () => open(library, folder.path_b64))));
  if (!found.inside.length) byId("picker-list").append(remark("No folders inside this one."));
});

const contents = (folder) => [
  plural(folder.images, "image"), ...(folder.folders ? [plural(folder.folders, "folder")] : []),
].join(", ");

function settle(place, crumbs) {
  here = place;
  byId("picker-here").textContent = "";
  byId("picker-add").hidden = true;
  byId("picker-crumbs").replaceChildren(...crumbs);
}

function crumb(name, go, isHere = !go) {
  const item = document.createElement("li");
  const part = document.createElement(isHere ? "span" : "button");
  part.textContent = name;
  if (isHere) part.setAttribute("aria-current", "location");
  else { part.type = "button"; part.addEventListener("click", go); }
  item.append(part);
  return item;
}

function row(name, about, go) {
  const item = clone("picker-row");
  item.querySelector(".picker-name").textContent = name;
  item.querySelector(".picker-count").textContent = about;
  item.querySelector("button").addEventListener("click", async () => {
    await go();
    byId("picker-list").querySelector("button")?.focus() ?? byId("picker-choose").focus();
  });
  return item;
}

function remark(text) {
  const item = document.createElement("li");
  item.className = "hint";
  item.textContent = text;
  return item;
}

async function addLibrary(event) {
  event.preventDefault();
  const path = byId("picker-path").value.trim();
  if (!path) return;
  await attempt(async () => {
    const library = await post("/api/libraries", { path });
    byId("picker-path").value = "";
    await open(library.id);
  });
}

function choose(place) {
  const key = `${place.library}/${place.path_b64}`;
  if (chosen.has(key)) return;
  chosen.set(key, { library: place.library, path_b64: place.path_b64 });
  const item = clone("folder-row");
  item.querySelector(".folder-path").textContent = place.label;
  item.querySelector("button").setAttribute("aria-label", `Remove ${place.label}`);
  item.querySelector("button").addEventListener("click", () => { chosen.delete(key); asReference.delete(key); item.remove(); settleList(); });
  item.querySelector(".folder-reference input").addEventListener("change", ({ target }) => {
    asReference[target.checked ? "add" : "delete"](key);
    showError(byId("folders-error"));
  });
  byId("folders").append(item);
  settleList();
}

function settleList() {
  byId("no-folders").hidden = chosen.size > 0;
  const offered = "reference" in byId("folders").dataset && (chosen.size > 1 || asReference.size > 0);
  for (const label of byId("folders").querySelectorAll(".folder-reference")) label.hidden = !offered;
  showError(byId("folders-error"));
}
