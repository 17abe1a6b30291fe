// Short messages at the edge of the page, announced to screen readers; one may carry an action such as Undo.

import { byId } from "./templates.js";

const STAY_MS = 8000;
const STAY_WITH_ACTION_MS = 20000;

export function toast(text, action) {
  const box = document.createElement("div");
  box.className = "notice";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (action) box.append(button("btn btn-sm btn-outline-light", action.label, () => { box.remove(); action.run(); }));
  const close = button("btn-close btn-close-white", "", () => box.remove());
  close.setAttribute("aria-label", "Close");
  box.append(close);
  byId("toasts").append(box);
  setTimeout(() => box.remove(), action ? STAY_WITH_ACTION_MS : STAY_MS);
}

function button(classes, label, run) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = classes;
  element.textContent = label;
  element.addEventListener("click", run);
  return element;
}
