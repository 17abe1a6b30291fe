// What is known of two pictures, side by side, with what is better marked in words, colour and sign.

import { bytes, count, plural, time } from "./format.js";
import { byId, clone } from "./templates.js";

// Each: name, text of an image (none: it is not known), and what makes one better (the larger number is; none: nothing is).
const FACTS = [
  ["Dimensions", dimensions, (image) => (image.damaged ? 0 : image.width * image.height)],
  ["Size of the file", (image) => bytes(image.size), (image) => image.size],
  ["Format", (image) => `${image.format}${image.lossless ? ", lossless" : ""}`, (image) => Number(image.lossless)],
  ["JPEG quality", (image) => image.quality && `about ${image.quality}`, (image) => image.quality],
  ["Metadata", (image) => (image.tags ? plural(image.tags, "entry", "entries") : "none"), (image) => image.tags],
  ["Taken", (image) => image.taken && time(Date.parse(image.taken) / 1000)],
  ["Camera", (image) => image.camera],
  ["Changed", (image) => time(image.modified), (image) => -Math.round(image.modified)],
  ["Name", (image) => image.name],
  ["Folder", (image) => image.folder],
];

function dimensions(image) {
  return `${count(image.width)} × ${count(image.height)}${image.damaged ? ", damaged" : ""}`;
}

export function showFacts(left, right) {
  const told = FACTS.filter(([, text]) => text(left) || text(right));
  byId("facts").querySelector("tbody").replaceChildren(...told.map(([name, text, worth]) => {
    const row = clone("fact");
    row.querySelector("th").textContent = name;
    const [a, b] = row.querySelectorAll("td");
    const both = text(left) && text(right);
    const lead = worth && both ? Math.sign(worth(left) - worth(right)) : 0;
    fill(a, text(left) || "not known", lead > 0);
    fill(b, text(right) || "not known", lead < 0);
    return row;
  }));
}

function fill(cell, text, better) {
  cell.querySelector(".fact-text").textContent = text;
  cell.classList.toggle("better", better);
  cell.querySelector(".fact-better").hidden = !better;
}
