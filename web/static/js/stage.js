// Two pictures at the same zoom: side by side, flipped, split by a slider, or as their difference.
// Invariant: whatever the mode, both are scaled and moved alike.

import { draw } from "./difference.js";
import { byId, showError } from "./templates.js";
import { load } from "./thumbnails.js";

const MODE = "lookalike-stage";
const LARGEST = 16;

export class Stage {
  constructor() {
    this.element = byId("stage");
    this.panes = { left: this.find(".pane.left img"), right: this.find(".pane.right img") };
    this.canvas = byId("difference");
    this.shown = 0; // rises with each pair, so that what was loaded for an earlier one is dropped
    for (const button of document.querySelectorAll("[data-mode-button]")) {
      button.addEventListener("click", () => this.setMode(button.dataset.modeButton));
    }
    byId("split").addEventListener("input", () => this.set("--split", `${byId("split").value}%`));
    this.followPointer();
    this.setMode(localStorage.getItem(MODE) ?? "side");
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  set(property, value) {
    this.element.style.setProperty(property, value);
  }

  // `alignment` is how the right one lies on the left one, where that is known.
  show(left, right, alignment) {
    this.shown += 1;
    this.alignment = alignment;
    this.large = {};
    this.canvas.width = 0;
    this.say("");
    this.reset();
    this.turn("left");
    for (const [side, image] of [["left", left], ["right", right]]) this.fill(side, image, this.shown);
  }

  // The small one stands in until the large one is there.
  fill(side, image, turn) {
    const img = this.panes[side];
    img.alt = `${side === "left" ? "Left" : "Right"}: ${image.name}`;
    img.src = image.thumbnail;
    const large = new Image();
    const settle = () => {
      if (turn !== this.shown) return;
      img.src = large.src;
      this.large[side] = large;
      this.compare();
    };
    load(large, image.preview, { onLoad: settle, onMissing: () => { if (turn === this.shown) this.say("There is no preview: the file changed or is gone."); } });
  }

  setMode(mode) {
    this.element.dataset.mode = mode;
    localStorage.setItem(MODE, mode);
    for (const button of document.querySelectorAll("[data-mode-button]")) {
      button.setAttribute("aria-pressed", String(button.dataset.modeButton === mode));
    }
    byId("split").hidden = mode !== "slider";
    byId("difference-text").textContent = "";
    this.compare();
  }

  compare() {
    if (this.element.dataset.mode !== "difference") return;
    const { left, right } = this.large ?? {};
    if (!left || !right) return;
    byId("difference-text").textContent = draw(this.canvas, left, right, this.alignment).words;
  }

  flip() {
    if (this.element.dataset.mode !== "flip") this.setMode("flip");
    this.turn(this.element.dataset.shown === "left" ? "right" : "left");
  }

  turn(side) {
    this.element.dataset.shown = side;
    byId("flip-text").textContent = side === "left" ? "Left is shown" : "Right is shown";
  }

  reset() {
    this.scale = 1;
    this.move(0, 0);
  }

  zoom(factor) {
    const scale = Math.min(LARGEST, Math.max(1, this.scale * factor));
    const grown = scale / this.scale;
    this.scale = scale;
    this.move(scale === 1 ? 0 : this.x * grown, scale === 1 ? 0 : this.y * grown);
  }

  move(x, y) {
    const most = (this.scale - 1) / 2;
    const { width, height } = this.find(".pane").getBoundingClientRect();
    this.x = Math.min(most * width, Math.max(-most * width, x));
    this.y = Math.min(most * height, Math.max(-most * height, y));
    this.set("--scale", this.scale);
    this.set("--x", `${this.x}px`);
    this.set("--y", `${this.y}px`);
    byId("zoom").textContent = `${Math.round(this.scale * 100)}%`;
    this.element.classList.toggle("zoomed", this.scale > 1);
  }

  followPointer() {
    this.element.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && this.scale === 1) return; // the page scrolls as ever
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8);
    }, { passive: false });
    this.element.addEventListener("pointermove", (event) => {
      if (event.buttons === 1 && this.scale > 1) this.move(this.x + event.movementX, this.y + event.movementY);
    });
  }

  say(words) {
    showError(byId("stage-error"), words);
  }
}
