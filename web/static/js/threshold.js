// The slider that says how alike pictures must be. While it moves, the counts follow; where it stays, groups are formed anew.

import { get, post } from "./api.js";
import { bytes, plural } from "./format.js";
import { byId, showError } from "./templates.js";

const PREVIEW_MS = 120;
const LOWEST = 0.8; // what is less alike is no match of any preset

let scan;
let timer;
let asked = 0;

// `onChange()` is called when other groups are there to be shown. Its place on the page is kept for it from the first.
export async function setUp(id, onChange) {
  scan = id;
  const slider = byId("threshold-value");
  const now = await get(`/api/scans/${id}/regroup?threshold=1`);
  slider.min = Math.max(LOWEST, Math.ceil(now.floor * 100 - 1e-6) / 100);
  slider.value = Math.max(slider.min, now.shown);
  slider.disabled = document.body.classList.contains("read-only");
  slider.addEventListener("input", () => {
    say();
    clearTimeout(timer);
    timer = setTimeout(() => attempt(() => get(`/api/scans/${id}/regroup?threshold=${slider.value}`)), PREVIEW_MS);
  });
  slider.addEventListener("change", async () => {
    clearTimeout(timer);
    if (await attempt(() => post(`/api/scans/${id}/regroup`, { threshold: Number(slider.value) }))) onChange();
  });
  say();
  await attempt(() => get(`/api/scans/${id}/regroup?threshold=${slider.value}`));
}

function say() {
  const percent = `${Math.round(byId("threshold-value").value * 100)}%`;
  byId("threshold-shown").textContent = percent;
  byId("threshold-value").setAttribute("aria-valuetext", `${percent} alike`);
  byId("calibrate-link").href = `/scans/${scan}/calibrate?threshold=${byId("threshold-value").value}`;
}

// Whether there was an answer and it is the latest that was asked for.
async function attempt(ask) {
  const turn = asked += 1;
  try {
    const found = await ask();
    if (turn !== asked) return false;
    byId("threshold-found").textContent = `${plural(found.groups, "group")}, ${plural(found.images, "picture")} to let go, ${bytes(found.freed)} to free`;
    showError(byId("threshold-error"));
    return true;
  } catch (error) {
    if (turn === asked) showError(byId("threshold-error"), error.message);
    return false;
  }
}
