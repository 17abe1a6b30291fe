// One-key commands, the dialog that lists them, and the choice to switch them off (WCAG 2.1.4).
// A binding is { keys, label, run }. Nothing is taken from fields, from an open dialog, or with Ctrl, Alt or Meta.

import { closable } from "./confirm.js";
import { byId } from "./templates.js";

const SETTING = "lookalike-keys";
const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", Enter: "Enter" };
const OWN_KEYS = { // what elements do with keys themselves
  BUTTON: [" ", "Enter"], A: ["Enter"], SUMMARY: [" ", "Enter"],
};

const enabled = () => localStorage.getItem(SETTING) !== "off";

export function bind(bindings) {
  const dialog = byId("keys");
  const all = [...bindings, { keys: ["?"], label: "Show these keys", run: () => dialog.showModal() }];
  closable(dialog);
  dialog.querySelector("tbody").replaceChildren(...all.map(row));
  const on = byId("keys-on");
  on.checked = enabled();
  on.addEventListener("change", () => localStorage.setItem(SETTING, on.checked ? "on" : "off"));
  byId("keys-show").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    const binding = all.find(({ keys }) => keys.includes(event.key));
    if (!binding || !enabled() || taken(event)) return;
    event.preventDefault();
    binding.run();
  });
}

function taken(event) {
  const { target, key } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || document.querySelector("dialog[open]")) return true;
  if (target.matches("input[type=range]")) return key.startsWith("Arrow") || key.startsWith("Page");
  if (target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select")) return true;
  return (OWN_KEYS[target.tagName] ?? (target.matches("input") ? [" "] : [])).includes(key);
}

function row({ keys, label }) {
  const line = document.createElement("tr");
  const words = document.createElement("th");
  words.scope = "row";
  words.textContent = label;
  const cell = document.createElement("td");
  cell.append(...keys.flatMap((key, n) => {
    const mark = document.createElement("kbd");
    mark.textContent = NAMES[key] ?? key;
    return n ? [" or ", mark] : [mark];
  }));
  line.append(words, cell);
  return line;
}
