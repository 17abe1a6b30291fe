// What a scan that still compares has found so far: to look at, with nothing to decide, and redrawn only when it changed.

import { get } from "./api.js";
import { title } from "./group.js";
import { KINDS } from "./kinds.js";
import { plural } from "./format.js";
import { byId, clone } from "./templates.js";
import { Tile } from "./tiles.js";

const SHOWN = 12; // groups
const EVERY_MS = 2000;

let made = null;
let looked = 0;

// Call it as often as the scan is looked after; there is nothing to see where the server says so.
export async function look(scan) {
  if (Date.now() - looked < EVERY_MS || document.hidden) return;
  looked = Date.now();
  const found = await get(`/api/scans/${scan}/provisional?limit=${SHOWN}`).catch(() => null);
  if (!found || found.made === made || !found.groups.length) return;
  made = found.made;
  byId("so-far-title").textContent = `${plural(found.total, "group")} so far`;
  byId("so-far-groups").replaceChildren(...found.groups.map(makeGroup));
  byId("so-far").hidden = false;
}

export function end() {
  byId("so-far").remove();
}

function makeGroup(found) {
  const element = clone("group");
  element.removeAttribute("tabindex");
  element.querySelector(".group-actions").remove();
  element.querySelector(".kind").textContent = KINDS[found.kind];
  element.querySelector(".kind").dataset.kind = found.kind;
  element.querySelector(".group-title").textContent = title(found);
  element.querySelector(".tiles").append(...found.members.map((member) => makeTile(member).element));
  return element;
}

function makeTile(member) {
  const tile = new Tile(member, null);
  tile.check.disabled = true;
  for (const part of [".tile-check", ".tile-actions", "[data-keep]"]) tile.find(part).remove();
  return tile;
}
