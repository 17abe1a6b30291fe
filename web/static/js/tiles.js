// One picture as a tile: its thumbnail, what is known of it, and whether it is here, moving, or in the trash.

import { bytes, date, percent } from "./format.js";
import { preview } from "./preview.js";
import { clone, showError } from "./templates.js";
import { KINDS, TIERS } from "./kinds.js";
import { load } from "./thumbnails.js";

export const REFERENCE = "This lies in a folder that is only compared with: nothing is deleted there.";
const AWAY = { trash: "In the trash", move: "Moved to a folder", link: "Replaced by a hard link" };
const EQUAL = { exact: "Identical file", "same-pixels": "Same pixels" };

export class Tile {
  constructor({ image, signals }, readOnly) {
    this.image = image;
    this.signals = signals;
    this.readOnly = image.reference ? REFERENCE : readOnly; // why it cannot be deleted, or null
    this.element = clone("tile");
    this.check = this.find("input");
    this.element.dataset.image = image.id;
    this.describe();
    this.loadThumbnail();
    this.setTrashed(image.trashed);
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  describe() {
    const { image } = this;
    this.find(".tile-name").textContent = image.name;
    this.find(".tile-folder").textContent = image.folder;
    this.find(".tile-folder").title = image.path;
    this.find(".tile-facts").textContent = `${image.width} × ${image.height} · ${bytes(image.size)}`;
    this.find(".tile-origin").textContent = `${image.format} · ${date(image.modified)}`;
    this.find(".tile-percent").textContent = this.signals ? percent(this.signals.similarity) : "";
    this.find(".tile-signals").textContent = this.signals ? evidence(this.signals) : "";
    this.find(".tile-check span").textContent = `Select ${image.path}`;
    this.find(".tile-picture").setAttribute("aria-label", `Enlarge ${image.name}`);
    this.find(".tile-picture").addEventListener("click", () => preview(image));
  }

  loadThumbnail() {
    const picture = this.find(".tile-picture");
    picture.classList.add("loading");
    const settle = (missing) => {
      picture.classList.remove("loading");
      this.find("img").hidden = missing;
      this.find(".tile-missing").hidden = !missing;
    };
    load(this.find("img"), this.image.thumbnail, { onLoad: () => settle(false), onMissing: () => settle(true) });
  }

  markKeeper() {
    this.element.classList.add("keeper");
    this.find(".tile-keeper").hidden = false;
  }

  offerToKeep(keep) {
    const button = this.find("[data-keep]");
    button.hidden = false;
    button.querySelector(".visually-hidden").textContent = ` ${this.image.path}`;
    button.addEventListener("click", keep);
  }

  // `fate` is keep, move or left; `words` say it, and why.
  propose(fate, words) {
    this.element.classList.add(`fate-${fate}`);
    this.find(".tile-fate").dataset.fate = fate;
    this.find(".tile-fate").textContent = words;
    this.find(".tile-fate").hidden = false;
  }

  get selected() {
    return this.check.checked;
  }

  get stays() {
    return !this.trashed && !this.selected;
  }

  select(wanted) {
    this.check.checked = wanted && !this.trashed && !this.readOnly && !this.moving;
    this.element.classList.toggle("selected", this.check.checked);
  }

  // `locked` says why this one cannot be ticked, or is null.
  lock(locked) {
    const reason = locked ?? this.readOnly;
    this.check.disabled = Boolean(reason) || Boolean(this.trashed) || Boolean(this.moving);
    this.find(".tile-check").title = reason ?? "";
  }

  setMoving(words) {
    this.moving = words;
    if (words) this.select(false);
    this.showState(words ?? (this.trashed ? AWAY[this.image.away ?? "trash"] : ""));
    showError(this.find(".tile-refused"));
  }

  // `away` says where to: trash, move or link.
  setTrashed(batch, away = this.image.away) {
    this.image.away = away;
    this.moving = null;
    this.trashed = batch;
    if (batch) this.select(false);
    this.element.classList.toggle("trashed", Boolean(batch));
    this.showState(batch ? AWAY[this.image.away ?? "trash"] : "");
  }

  refuse(reason) {
    this.setTrashed(this.trashed);
    showError(this.find(".tile-refused"), reason);
  }

  showState(words) {
    this.find(".tile-state").textContent = words;
    this.find(".tile-state").hidden = !words;
    this.lock(null);
  }
}

// Why two pictures match, in words.
export function evidence(signals) {
  if (EQUAL[signals.kind]) return EQUAL[signals.kind];
  const parts = signals.alignment ? [`${KINDS[signals.kind]}, ${TIERS[signals.tier]}`] : [];
  if (signals.alignment?.inliers) parts.push(`${signals.alignment.inliers} details agree`);
  if (signals.distance !== null) parts.push(`${signals.distance} of 64 bits differ`);
  if (signals.ssim !== null) parts.push(`SSIM ${signals.ssim.toFixed(2)}`);
  if (signals.cosine !== null) parts.push(`cosine ${signals.cosine.toFixed(3)}`);
  return parts.join(" · ");
}
