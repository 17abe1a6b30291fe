// API tokens: made, shown once, listed, revoked.

import { get, post, remove } from "./api.js";
import { confirm } from "./confirm.js";
import { time } from "./format.js";
import { byId, clone, showError } from "./templates.js";
import { toast } from "./toasts.js";

const SCOPES = { read: "reads", write: "reads and writes" };

byId("token-form").addEventListener("submit", make);
byId("copy").addEventListener("click", copy);
refresh();

async function make(event) {
  event.preventDefault();
  showError(byId("token-error"));
  try {
    const scope = byId("token-form").querySelector("input[name=scope]:checked").value;
    const { token } = await post("/api/tokens", { name: byId("token-name").value, scope });
    byId("token-name").value = "";
    byId("fresh-token").value = token;
    byId("fresh").hidden = false;
    byId("fresh").querySelector("h2").focus();
  } catch (error) {
    showError(byId("token-error"), error.message);
  }
  await refresh();
}

async function copy() {
  byId("fresh-token").select();
  // the clipboard is there on HTTPS and loopback alone; elsewhere the text is selected, ready to be copied
  try {
    await navigator.clipboard.writeText(byId("fresh-token").value);
    toast("Copied.");
  } catch {
    toast("Press Ctrl-C to copy it.");
  }
}

async function refresh() {
  try {
    const { tokens } = await get("/api/tokens");
    byId("tokens").replaceChildren(...tokens.map(makeRow));
    byId("no-tokens").hidden = tokens.length > 0;
  } catch (error) {
    showError(byId("token-error"), error.message);
  }
  byId("tokens").removeAttribute("aria-busy");
}

function makeRow(token) {
  const row = clone("token");
  row.querySelector("strong").textContent = token.name;
  row.querySelector(".kind").textContent = SCOPES[token.scope];
  row.querySelector(".hint").textContent = `made ${time(token.created)}`;
  row.querySelector("button").setAttribute("aria-label", `Revoke ${token.name}`);
  row.querySelector("button").addEventListener("click", () => revoke(token));
  return row;
}

async function revoke(token) {
  const text = "Programs that use it are refused from now on.";
  if (!await confirm({ title: `Revoke “${token.name}”?`, text, yes: "Revoke" })) return;
  try {
    await remove(`/api/tokens/${token.id}`);
    byId("fresh").hidden = true;
  } catch (error) {
    showError(byId("token-error"), error.message);
  }
  await refresh();
}
