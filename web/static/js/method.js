// How images are to be compared: the presets and their settings.

import { percent } from "./format.js";
import { byId } from "./templates.js";
import * as weights from "./weights.js";

const preset = () => document.querySelector("input[name=preset]:checked").value;

export function setUp() {
  byId("method").addEventListener("input", show);
  weights.setUp();
  show();
}

// Resolves to whether to start: somebody may have to be asked for the weights first.
export const ready = () => weights.offer(method());

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
