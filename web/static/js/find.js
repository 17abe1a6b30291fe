// "Find an image": take a file by choosing, dropping or pasting, send it with the folders, go to the search's page.

import { postForm } from "./api.js";
import { bytes } from "./format.js";
import * as methods from "./method.js";
import * as picker from "./picker.js";
import { remember } from "./query.js";
import { byId, showError } from "./templates.js";

const form = byId("find-form");
const preview = byId("upload-preview");
const largest = Number(form.dataset.maxUpload);
let file = null;

picker.setUp();
methods.setUp();

function take(candidate) {
  if (!candidate) return;
  showError(byId("upload-error"));
  if (candidate.size > largest) {
    return showError(byId("upload-error"), `This file has ${bytes(candidate.size)}, and ${bytes(largest)} is the largest upload.`);
  }
  file = candidate;
  byId("upload-name").textContent = `${file.name} (${bytes(file.size)})`;
  URL.revokeObjectURL(preview.src);
  preview.hidden = false;
  preview.src = URL.createObjectURL(file);
}

preview.addEventListener("error", () => { preview.hidden = true; });
byId("upload").addEventListener("change", (event) => take(event.target.files[0]));
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    byId("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") take(event.dataTransfer.files[0]);
  });
}

function body() {
  const data = new FormData();
  data.append("image", file, file.name);
  data.append("folders", JSON.stringify(picker.folders()));
  data.append("fresh", byId("fresh").checked);
  for (const [name, value] of Object.entries(methods.method())) data.append(name, value);
  return data;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  showError(byId("form-error"));
  if (!file) {
    showError(byId("upload-error"), "Choose the image to find.");
    return byId("upload").focus();
  }
  if (!picker.folders().length) return picker.askForFolder();
  byId("start").disabled = true;
  try {
    if (!(await methods.ready())) return again();
    const search = await postForm("/api/searches", body());
    remember(search.id, preview);
    location.assign(`/scans/${search.id}`);
  } catch (error) {
    showError(byId("form-error"), error.message);
    again();
  }
});

function again() {
  byId("start").disabled = false;
  byId("start").focus();
}
