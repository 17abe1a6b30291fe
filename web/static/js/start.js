// The start page: send the scan's form, go to its page.

import { post } from "./api.js";
import { localizeTimes } from "./format.js";
import * as methods from "./method.js";
import * as picker from "./picker.js";
import { byId, showError } from "./templates.js";

picker.setUp();
methods.setUp();
localizeTimes();

byId("scan-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  showError(byId("form-error"));
  if (!picker.folders().length) return picker.askForFolder();
  byId("start").disabled = true;
  try {
    if (!(await methods.ready())) return again();
    const scan = await post("/api/scans", { folders: picker.folders(), reference: picker.reference(), ...methods.method() });
    location.assign(`/scans/${scan.id}`);
  } catch (error) {
    showError(byId("form-error"), error.message);
    again();
  }
});

function again() {
  byId("start").disabled = false;
  byId("start").focus();
}
