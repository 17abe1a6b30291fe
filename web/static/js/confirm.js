// Asks before what cannot be undone lightly. With `check`, the button works only once its box is ticked.

import { byId } from "./templates.js";

export function closable(dialog) {
  for (const button of dialog.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => dialog.close());
  }
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

// Resolves to whether the person said yes.
export function confirm({ title, text, yes, check }) {
  const dialog = byId("confirm");
  const button = byId("confirm-yes");
  const box = byId("confirm-check").querySelector("input");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-check").hidden = !check;
  byId("confirm-check").querySelector("span").textContent = check ?? "";
  button.textContent = yes;
  box.checked = false;
  button.disabled = Boolean(check);
  box.onchange = () => { button.disabled = !box.checked; };
  return new Promise((resolve) => {
    let answer = false;
    button.onclick = () => { answer = true; dialog.close(); };
    dialog.onclose = () => resolve(answer);
    for (const close of dialog.querySelectorAll("[data-close]")) close.onclick = () => dialog.close();
    dialog.showModal();
  });
}
