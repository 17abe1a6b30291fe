// How images are to be compared: the presets and their settings.

import { percent } from "./format.js";
import { byId } from "./templates.js";

const preset = () => document.querySelector("input[name=preset]:checked").value;

export function setUp() {
  byId("method").addEventListener("input", show);
  byId("try-download")?.addEventListener("change", offerDeep);
  show();
}

export const method = () => ({
  preset: preset(),
  threshold: Number(byId("threshold").value),
  max_distance: Number(byId("max-distance").value),
  model: byId("model").value,
});

function show() {
  byId("max-distance-value").textContent = byId("max-distance").value;
  byId("threshold-value").textContent = percent(Number(byId("threshold").value));
  for (const setting of document.querySelectorAll("[data-preset]")) setting.hidden = setting.dataset.preset !== preset();
}

function offerDeep(event) {
  const deep = document.querySelector("input[name=preset][value=deep]");
  deep.disabled = !event.target.checked;
  document.querySelector(`input[name=preset][value=${event.target.checked ? "deep" : "thorough"}]`).checked = true;
  show();
}
