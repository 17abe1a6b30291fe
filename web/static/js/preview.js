// A picture in large, in a dialog; the small one stands in until the large one is there.

import { closable } from "./confirm.js";
import { byId } from "./templates.js";
import { load } from "./thumbnails.js";

export const setUp = () => closable(byId("preview"));

export function preview(image) {
  const img = byId("preview").querySelector("img");
  byId("preview").querySelector("p").textContent = image.path;
  img.alt = image.name;
  img.src = image.thumbnail;
  const large = new Image();
  load(large, image.preview, { onLoad: () => { if (img.alt === image.name) img.src = large.src; } });
  byId("preview").showModal();
}
