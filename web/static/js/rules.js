// The editor of keep rules: steps in their order, protected folders; `onChange` is called after each change.

import { get } from "./api.js";
import { byId, clone } from "./templates.js";

const WORDS = {
  folders: "In a preferred folder", pixels: "Most pixels", bytes: "Largest file", lossless: "Lossless first",
  metadata: "Most metadata", oldest: "Oldest", newest: "Newest", "short-path": "Shortest path", name: "Name like",
  "not-name": "Name not like", whole: "Not damaged",
};
const PATTERNS = ["name", "not-name"];
const same = (a, b) => a.library === b.library && a.path_b64 === b.path_b64;

export class Rules {
  constructor(onChange) {
    this.onChange = onChange;
    this.steps = [];
    this.protected = [];
    this.choices = []; // folders that may be named
    byId("add-step").addEventListener("change", (event) => this.add(event.target));
    byId("add-protected").addEventListener("change", (event) => { this.name(this.protected, event.target); });
  }

  async loadFolders(scan) {
    const { folders } = await get(`/api/scans/${scan}/choices`);
    const all = folders.flatMap(withAbove);
    this.choices = all.filter((place, n) => all.findIndex((other) => same(place, other)) === n).sort((a, b) => a.label.localeCompare(b.label));
    this.show();
  }

  get value() {
    return { steps: this.steps, protected: this.protected };
  }

  // Whether each step has what it needs; one that was just added may not.
  get complete() {
    return this.steps.every((step) => (step.by !== "folders" || step.folders.length) && (!PATTERNS.includes(step.by) || step.pattern));
  }

  set({ steps, protected: kept }) {
    this.steps = structuredClone(steps);
    this.protected = structuredClone(kept);
    byId("steps").removeAttribute("aria-busy");
    this.show();
  }

  add(select) {
    const by = select.value;
    select.value = "";
    this.steps.push({ by, folders: [], pattern: "" });
    this.changed();
    byId("steps").lastElementChild.querySelector("input:not([hidden]), .step-folders:not([hidden]) select, [data-up]").focus();
  }

  name(places, select) {
    const place = this.choices[Number(select.value)];
    select.value = "";
    if (place && !places.some((known) => same(known, place))) places.push(place);
    this.changed();
  }

  changed() {
    this.show();
    this.onChange();
  }

  show() {
    byId("steps").replaceChildren(...this.steps.map((step, n) => this.step(step, n)));
    byId("protected").replaceChildren(...this.rows(this.protected));
    fill(byId("add-protected"), "Protect a folder…", this.choices);
  }

  step(step, n) {
    const item = clone("step");
    const words = WORDS[step.by];
    item.querySelector(".step-name").textContent = words;
    this.button(item, "[data-up]", `Move “${words}” up`, n === 0, () => this.move(n, -1));
    this.button(item, "[data-down]", `Move “${words}” down`, n === this.steps.length - 1, () => this.move(n, 1));
    this.button(item, "[data-remove]", `Remove “${words}”`, false, () => { this.steps.splice(n, 1); this.changed(); byId("add-step").focus(); });
    if (step.by === "folders") this.showFolders(item, step);
    if (PATTERNS.includes(step.by)) this.showPattern(item, step, words);
    return item;
  }

  button(item, selector, label, disabled, run) {
    const button = item.querySelector(selector);
    button.setAttribute("aria-label", label);
    button.disabled = disabled;
    button.addEventListener("click", run);
  }

  move(n, by) {
    const [step] = this.steps.splice(n, 1);
    this.steps.splice(n + by, 0, step);
    this.changed();
    const moved = byId("steps").children[n + by];
    (moved.querySelector(by < 0 ? "[data-up]:enabled" : "[data-down]:enabled") ?? moved.querySelector("button:enabled")).focus();
  }

  showFolders(item, step) {
    const place = item.querySelector(".step-folders");
    place.hidden = false;
    place.querySelector("ul").replaceChildren(...this.rows(step.folders));
    const select = place.querySelector("select");
    select.setAttribute("aria-label", "Prefer a folder");
    fill(select, step.folders.length ? "Then prefer…" : "Prefer a folder…", this.choices);
    select.addEventListener("change", () => this.name(step.folders, select));
  }

  showPattern(item, step, words) {
    const input = item.querySelector("input");
    input.hidden = false;
    input.value = step.pattern;
    input.setAttribute("aria-label", `${words}, with * for anything`);
    input.addEventListener("change", () => { step.pattern = input.value.trim(); this.onChange(); });
  }

  rows(places) {
    return places.map((place, n) => {
      const row = clone("folder-row");
      row.querySelector(".folder-path").textContent = place.label;
      const button = row.querySelector("button");
      button.setAttribute("aria-label", `Remove ${place.label}`);
      button.addEventListener("click", () => { places.splice(n, 1); this.changed(); });
      return row;
    });
  }
}

// Rules in one sentence.
export function describe({ steps, protected: kept }) {
  const parts = steps.map((step) => [WORDS[step.by].toLowerCase(), step.folders.map((place) => place.label).join(", "), step.pattern].filter(Boolean).join(" "));
  const first = parts.length ? `Kept: ${parts.join(", then ")}.` : "";
  return [first, kept.length ? `Protected: ${kept.map((place) => place.label).join(", ")}.` : ""].filter(Boolean).join(" ");
}

function fill(select, first, places) {
  select.replaceChildren(new Option(first, ""), ...places.map((place, n) => new Option(place.label, n)));
}

// A folder and those it lies in, up to the library's own.
function withAbove({ library, folder_b64: coded, folder }) {
  const parts = bytesOf(coded).split("/").filter(Boolean);
  const names = folder.split("/");
  const top = names.length - parts.length;
  return [...parts, null].map((_, n) => ({
    library, path_b64: coded && n ? code(parts.slice(0, n).join("/")) : "", label: names.slice(0, top + n).join("/"),
  }));
}

// base64url of bytes, as a string of one character a byte and back.
const bytesOf = (coded) => atob(coded.replaceAll("-", "+").replaceAll("_", "/"));
const code = (bytes) => btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
