// The trained weights of the network: whoever starts a scan that would use them is asked whether to download them, once
// where it can do without. How far a download is, and how it ended, stands in the note below the methods.

import { get, pause, post } from "./api.js";
import { byId, showError } from "./templates.js";

const POLL_MS = 1000;
const UNDER_WAY = ["waiting", "loading"];
const megabytes = (size) => `${Math.round(size / 1e6)} MB`;
let following = false;

// The note is there where the weights are not.
export function setUp() {
  if (!byId("weights")) return;
  byId("weights-download").addEventListener("click", () => attempt(() => answer(true)));
  attempt(async () => follow(await get("/api/weights")));
}

// Resolves to whether to start: with the weights, once they are here, or without them.
export async function offer({ preset, model }) {
  const note = byId("weights");
  if (!note || !["thorough", "deep"].includes(preset) || model !== note.dataset.model) return true;
  const { state, asked } = await get("/api/weights");
  if (state === "here" || UNDER_WAY.includes(state)) return true;
  if (preset === "thorough" && asked) return true;
  const wanted = await ask(preset);
  if (wanted === null) return false;
  await answer(wanted);
  return wanted || preset === "thorough";
}

// Resolves to true, false, or null where the question was closed.
function ask(preset) {
  const dialog = byId("ask-weights");
  for (const words of dialog.querySelectorAll("[data-for]")) words.hidden = words.dataset.for !== preset;
  return new Promise((resolve) => {
    let said = null;
    for (const button of dialog.querySelectorAll("[data-say]")) {
      button.onclick = () => { said = button.dataset.say === "yes"; dialog.close(); };
    }
    dialog.onclose = () => resolve(said);
    dialog.showModal();
  });
}

async function answer(download) {
  const weights = await post("/api/weights", { download });
  follow(weights);
}

async function attempt(action) {
  showError(byId("weights-error"));
  try {
    await action();
  } catch (error) {
    showError(byId("weights-error"), error.message);
  }
}

async function follow(weights) {
  show(weights);
  if (following) return;
  following = true;
  while (UNDER_WAY.includes(weights.state)) {
    await pause(POLL_MS);
    weights = await get("/api/weights").catch(() => weights); // the next turn tries again
    show(weights);
  }
  following = false;
}

function show({ state, loaded, size, reason }) {
  const under = UNDER_WAY.includes(state);
  const part = loaded / size;
  byId("weights-way").hidden = !under;
  byId("weights-bar").setAttribute("aria-valuenow", Math.floor(100 * part));
  byId("weights-bar").firstElementChild.style.width = `${100 * part}%`;
  byId("weights-loaded").textContent = state === "waiting" ? "Waiting for a worker to download them." : `Downloading: ${megabytes(loaded)} of ${megabytes(size)}.`;
  byId("weights-download").hidden = under || state === "here";
  byId("weights-download").querySelector("span").textContent = state === "failed" ? "Try again" : `Download (${megabytes(size)})`;
  byId("weights-needed").hidden = state === "here";
  byId("weights-here").textContent = state === "here" ? "The weights are here: scans use them from now on." : "";
  showError(byId("weights-error"), state === "failed" ? reason : "");
}
