// One group of the overview: its head, its pictures, which of them is the keeper, and which are ticked.

import { bytes, percent, plural } from "./format.js";
import { contents } from "./group-verdict.js";
import { KINDS } from "./kinds.js";
import { clone } from "./templates.js";

export class Group {
  // `makeTile(member)` gives a tile; the keeper comes first.
  constructor(found, makeTile) {
    this.id = found.id;
    this.cursor = found.cursor;
    this.element = clone("group");
    this.tiles = found.members.map(makeTile);
    this.keeper = this.tiles.find(({ image }) => image.id === found.keeper);
    this.keeper.markKeeper();
    this.describe(found);
    this.find("[data-reject]").hidden = contents(this.images).length < 2;
    this.find(".tiles").append(...this.tiles.map((tile) => tile.element));
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  describe(found) {
    this.element.id = `group-${found.id}`;
    this.element.dataset.group = found.id;
    this.element.setAttribute("aria-label", `Group: ${KINDS[found.kind]}, ${title(found)}`);
    this.find(".kind").textContent = KINDS[found.kind];
    this.find(".kind").dataset.kind = found.kind;
    this.find(".group-title").textContent = title(found);
  }

  get images() {
    return [this.keeper, ...this.others].map((tile) => tile.image);
  }

  get others() {
    return this.tiles.filter((tile) => tile !== this.keeper);
  }

  // Something of it is being decided.
  get touched() {
    return this.tiles.some((tile) => tile.selected || tile.moving);
  }

  get ticked() {
    return this.tiles.some((tile) => tile.selected);
  }

  get focused() {
    return this.tiles.find((tile) => tile.element.contains(document.activeElement));
  }

  // Where the keeper is in the trash already, the first picture that is left takes its place.
  selectAllButKeeper() {
    const left = this.tiles.filter((tile) => !tile.trashed && !tile.moving);
    left.forEach((tile, n) => tile.select(n > 0));
  }

  // The last picture of a group stays.
  lockLast(reason) {
    const staying = this.tiles.filter((tile) => tile.stays && !tile.moving);
    for (const tile of this.tiles) tile.lock(staying.length === 1 && staying[0] === tile ? reason : null);
  }
}

export function title(found) {
  const alike = found.similarity >= 1 ? "" : `, at least ${percent(found.similarity)} alike`;
  return `${plural(found.members.length, "picture")}${alike}, up to ${bytes(found.freed)} to free`;
}
