// Folders that share pictures: how much of each is in the other, and one decision for all of it.

import { get } from "./api.js";
import { bytes, count, plural } from "./format.js";
import { byId, clone, showError } from "./templates.js";

const { scan } = byId("pairs").dataset;
begin();

async function begin() {
  try {
    const { pairs } = await get(`/api/scans/${scan}/folder-pairs`);
    byId("pairs").append(...pairs.map(makePair));
    byId("empty").hidden = pairs.length > 0;
  } catch (error) {
    showError(byId("pairs-error"), error.message);
  }
  byId("pairs").removeAttribute("aria-busy");
}

function makePair(pair) {
  const item = clone("pair");
  const [first, second] = item.querySelectorAll(".pair-side");
  fill(first, pair.one, pair.other, pair.groups);
  fill(second, pair.other, pair.one, pair.groups);
  return item;
}

// Rounded down, so that only a folder of which everything is in the other says 100%.
const percent = (side) => `${Math.floor((100 * side.images) / side.total)}%`;

function fill(element, side, other, groups) {
  const words = `${percent(side)} of it is in ${other.folder}`;
  element.querySelector("h2").textContent = side.folder;
  element.querySelector(".pair-share").textContent = `${words}: ${count(side.images)} of ${plural(side.total, "picture")}, ${bytes(side.size)}, ${plural(groups, "group")}`;
  const meter = element.querySelector("meter");
  meter.value = side.images / side.total;
  meter.setAttribute("aria-label", words);
  const link = element.querySelector("a");
  link.textContent = "Clear this one…";
  link.setAttribute("aria-label", `Clear ${side.folder} of what is in ${other.folder}`);
  link.href = `/scans/${scan}/plan?${new URLSearchParams({
    keep_library: other.library, keep_b64: other.folder_b64, clear_library: side.library, clear_b64: side.folder_b64,
  })}`;
}
