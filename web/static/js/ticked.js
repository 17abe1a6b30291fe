// What becomes of the ticked pictures: the bar at the foot of the page that moves them to the trash or a folder, or links them.

import { bytes, count, plural } from "./format.js";
import { setUpFor } from "./picker.js";
import { byId, showError } from "./templates.js";

// `selected()` gives the ticked tiles, `mover` carries out what is asked for.
export function setUp(selected, mover) {
  const act = (action, place) => attempt(() => mover.putAway(selected(), { action, place }));
  byId("delete").addEventListener("click", () => act("trash"));
  byId("link").addEventListener("click", () => { close(); act("link"); });
  setUpFor(byId("move"), (place) => { close(); act("move", place); });
  byId("otherwise").addEventListener("keydown", ({ key }) => { if (key === "Escape") { close(); byId("otherwise").firstElementChild.focus(); } });
  document.addEventListener("click", ({ target }) => { if (!byId("otherwise").contains(target) && !document.querySelector("dialog[open]")) close(); });
}

const close = () => { byId("otherwise").open = false; };

export function show(chosen) {
  const freed = bytes(chosen.reduce((total, tile) => total + tile.image.size, 0));
  byId("action-bar").hidden = !chosen.length;
  document.body.classList.toggle("has-bar", chosen.length > 0);
  byId("selected").textContent = `${count(chosen.length)} selected`;
  byId("delete").querySelector("span").textContent = `Move ${plural(chosen.length, "image")} to the trash (frees ${freed})`;
}

async function attempt(action) {
  for (const id of ["delete", "move", "link"]) byId(id).disabled = true;
  showError(byId("results-error"));
  try {
    await action();
  } catch (error) {
    showError(byId("results-error"), error.message);
    byId("results-error").scrollIntoView({ block: "center" });
  }
  for (const id of ["delete", "move", "link"]) byId(id).disabled = false;
  byId("summary").focus({ preventScroll: true });
}
