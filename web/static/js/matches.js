// The matches of a search: best first, each moved to the trash with one click and brought back with another.

import { get } from "./api.js";
import { Mover } from "./batches.js";
import { confirm } from "./confirm.js";
import { byId, showError } from "./templates.js";
import { Tile } from "./tiles.js";
import { toast } from "./toasts.js";

const tiles = new Map();
let mover;

export async function show(id, readOnly) {
  mover = new Mover(id, (image) => tiles.get(image), refresh);
  try {
    const { matches } = await get(`/api/scans/${id}/matches`);
    byId("matches").append(...matches.map((match) => makeTile(match, readOnly).element));
  } catch (error) {
    showError(byId("results-error"), error.message);
  }
  await mover.showLatest();
}

function makeTile(match, readOnly) {
  const tile = new Tile(match, readOnly.get(match.image.library) ?? null);
  tile.find(".tile-check").hidden = true;
  tile.find(".tile-actions").hidden = false;
  tile.find("[data-delete]").addEventListener("click", () => remove(tile));
  tile.find("[data-undo]").addEventListener("click", () => undo(tile));
  tiles.set(match.image.id, tile);
  return tile;
}

function refresh() {
  for (const tile of tiles.values()) {
    tile.find("[data-delete]").hidden = Boolean(tile.trashed);
    tile.find("[data-delete]").disabled = Boolean(tile.moving || tile.readOnly);
    tile.find("[data-delete]").title = tile.readOnly ?? "";
    tile.find("[data-undo]").hidden = !tile.trashed;
    tile.find("[data-undo]").disabled = Boolean(tile.moving);
  }
}

async function remove(tile) {
  try {
    await mover.putAway([tile]);
  } catch (error) {
    if (error.code === "no_other_copy") return removeOnlyCopy(tile, error.message);
    tile.refuse(error.message);
    refresh();
  }
}

async function removeOnlyCopy(tile, message) {
  const sure = await confirm({ title: "No other copy is known", text: message, yes: "Move it to the trash" });
  if (!sure) return;
  try {
    await mover.putAway([tile], { confirmed: true });
  } catch (error) {
    tile.refuse(error.message);
    refresh();
  }
}

async function undo(tile) {
  try {
    await mover.undo(await get(`/api/batches/${tile.trashed}`));
  } catch (error) {
    toast(error.message);
  }
}
