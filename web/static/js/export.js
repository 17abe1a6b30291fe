// The dialog that takes groups along: which of them, and in which form. The download is an ordinary link.

import { closable } from "./confirm.js";
import { plural } from "./format.js";
import { byId } from "./templates.js";

const chosen = (name) => byId("export").querySelector(`input[name=${name}]:checked`).value;

// `current()` gives the filter in use, `selected()` the ids of groups with a selected picture.
export function setUp(scan, current, selected) {
  const dialog = byId("export");
  const only = dialog.querySelector("input[value=selected]");
  const settle = () => {
    const which = { filtered: () => current().query(), all: () => "", selected: () => `groups=${selected().join(",")}` };
    byId("export-go").href = `/api/scans/${scan}/${chosen("form")}?${which[chosen("which")]()}`;
  };
  closable(dialog);
  dialog.addEventListener("change", settle);
  byId("export-go").addEventListener("click", () => dialog.close());
  byId("export-show").addEventListener("click", () => {
    const number = selected().length;
    only.disabled = !number;
    only.checked = number > 0;
    if (!number && !dialog.querySelector("input[name=which]:checked")) dialog.querySelector("input[value=filtered]").checked = true;
    only.parentElement.querySelector(".hint").textContent = number ? plural(number, "group") : "None is selected.";
    dialog.querySelector("input[value=filtered]").closest("label").querySelector(".hint").textContent = current().restricts
      ? "What the filters let through, in this order." : "No filter is set: all that is not decided.";
    settle();
    dialog.showModal();
  });
}
