// Deletions, moves, and their undoing: ask, follow until done, tell each tile what became of it.

import { get, pause, post } from "./api.js";
import { bytes, plural } from "./format.js";
import { byId } from "./templates.js";
import { toast } from "./toasts.js";

const FIRST_WAIT_MS = 150;
const LONGEST_WAIT_MS = 1000;

const WORDS = { trash: ["Moved", "to the trash"], move: ["Moved", "to the folder"], link: ["Replaced", "by hard links"] };

async function finish(batch) {
  let wait = FIRST_WAIT_MS;
  while (batch.state !== "done") {
    await pause(wait);
    wait = Math.min(LONGEST_WAIT_MS, wait * 1.5);
    batch = await get(`/api/batches/${batch.id}`);
  }
  return batch;
}

// Sends a request that answers with a batch; resolves once the batch is done.
export const run = async (path, body) => finish(await post(path, body));

const sum = (outcomes) => outcomes.reduce((total, outcome) => total + outcome.size, 0);

export const done = (batch) => batch.outcomes.filter((outcome) => outcome.state === "done");

export const refused = (batch) => batch.outcomes.filter((outcome) => outcome.state === "refused");

// Puts tiles away and brings them back. `find(id)` gives a tile or undefined, `changed()` is called after each step.
export class Mover {
  constructor(scan, find, changed) {
    this.scan = scan;
    this.find = find;
    this.changed = changed;
    this.latest = null; // what Undo would bring back
    byId("undo-last").addEventListener("click", () => this.undoLatest());
  }

  // To the trash, to the folder `place`, or replaced by hard links. Raises ApiError where the whole request is refused; the
  // tiles are then as before.
  async putAway(tiles, { action = "trash", place = null, confirmed = false } = {}) {
    this.mark(tiles, action === "link" ? "Replacing…" : "Moving…");
    try {
      const images = tiles.map((tile) => tile.image.id);
      const target = place && { library: place.library, path_b64: place.path_b64 };
      const batch = await run("/api/batches", { scan: this.scan, images, confirmed, action, target });
      this.settle(batch, (tile) => tile.setTrashed(batch.id, action));
      this.report(batch, ...WORDS[action], { label: "Undo", run: () => this.undo(batch) });
    } catch (error) {
      for (const tile of tiles) tile.setTrashed(tile.trashed);
      throw error;
    } finally {
      await this.showLatest();
    }
  }

  // A plan is undone as a whole, on its own page.
  undoLatest() {
    return this.latest.plan ? location.assign(`/plans/${this.latest.plan}`) : this.undo(this.latest);
  }

  async undo(batch) {
    const tiles = done(batch).map((outcome) => this.find(outcome.image)).filter(Boolean);
    this.mark(tiles, "Bringing back…");
    try {
      const restored = await run(`/api/batches/${batch.id}/undo`);
      this.settle(restored, (tile) => tile.setTrashed(null));
      this.report(restored, "Brought back", "", null);
    } catch (error) {
      for (const tile of tiles) tile.setTrashed(tile.trashed);
      toast(error.message);
    } finally {
      await this.showLatest();
    }
  }

  mark(tiles, words) {
    for (const tile of tiles) tile.setMoving(words);
    this.changed();
  }

  settle(batch, onDone) {
    for (const outcome of batch.outcomes) {
      const tile = this.find(outcome.image);
      if (!tile) continue;
      if (outcome.state === "done") onDone(tile);
      else tile.refuse(outcome.reason ?? "This was not done.");
    }
    this.changed();
  }

  report(batch, verb, where, action) {
    const moved = done(batch);
    const not = refused(batch);
    if (moved.length) {
      toast(`${verb} ${plural(moved.length, "image")} ${where} (${bytes(sum(moved))}).`.replace("  ", " "), action);
    }
    if (not.length) toast(`${plural(not.length, "image")} left as before: ${not[0].reason}`);
  }

  async showLatest() {
    const { batch } = await get("/api/batches/latest").catch(() => ({ batch: null }));
    this.latest = batch;
    byId("undo-last").hidden = !batch;
    if (batch) {
      const words = batch.plan ? "Undo the last plan…" : `Undo: bring back ${plural(done(batch).length, "image")}`;
      byId("undo-last").querySelector("span").textContent = words;
    }
    this.changed();
  }
}
