// Calibrate: pairs around the threshold are judged one by one; what that tells of each threshold is shown beside.

import { get, post } from "./api.js";
import { count, plural } from "./format.js";
import { bind } from "./keys.js";
import { byId, clone, showError } from "./templates.js";
import { load } from "./thumbnails.js";

const { scan } = byId("calibrate").dataset;
const address = `/api/scans/${scan}/calibration`;
const whole = (fraction) => `${Math.round(fraction * 100)}%`;

let threshold = Number(new URLSearchParams(location.search).get("threshold") ?? 0.9);
let questions = [];
let at = 0;
let busy = false;

bind([
  { keys: ["y", "1"], label: "Same picture", run: () => byId("yes").click() },
  { keys: ["n", "2"], label: "Not the same", run: () => byId("no").click() },
  { keys: ["s", "ArrowRight"], label: "Cannot say", run: () => byId("skip").click() },
  { keys: ["u", "ArrowLeft"], label: "Previous pair, to answer anew", run: () => byId("previous").click() },
]);
byId("yes").addEventListener("click", () => answer(true));
byId("no").addEventListener("click", () => answer(false));
byId("skip").addEventListener("click", () => step(1));
byId("previous").addEventListener("click", () => step(-1));
byId("further").addEventListener("click", () => attempt(begin));
attempt(begin);

// One request at a time; what goes wrong is said, and the same pair stays.
async function attempt(action) {
  if (busy) return;
  busy = true;
  showError(byId("calibrate-error"));
  try {
    await action();
  } catch (error) {
    showError(byId("calibrate-error"), error.message);
  }
  busy = false;
}

async function begin() {
  const found = await get(`${address}?threshold=${threshold}`);
  questions = found.questions;
  at = 0;
  byId("nothing").hidden = found.estimates.length > 0;
  show();
  tell(found);
}

const answer = (same) => attempt(async () => {
  const { a, b } = questions[at];
  tell(await post(address, { threshold, answers: [{ a: a.id, b: b.id, same }] }));
  step(1);
});

function step(by) {
  at = Math.min(questions.length, Math.max(0, at + by));
  show();
}

function show() {
  const question = questions[at];
  byId("question").hidden = !question;
  byId("previous").disabled = at === 0;
  byId("further").hidden = Boolean(question) || !questions.length;
  if (!question) return byId("title").focus();
  byId("asked").textContent = `Is this the same picture? ${at + 1} of ${questions.length}`;
  for (const side of ["a", "b"]) fill(byId("question").querySelector(`[data-side=${side}]`), question[side]);
  const next = questions[at + 1];
  if (next) for (const side of ["a", "b"]) new Image().src = next[side].preview; // ready when it is its turn
}

function fill(figure, image) {
  const img = figure.querySelector("img");
  img.alt = image.name;
  img.src = image.thumbnail; // stands in until the large one is there
  const large = new Image();
  load(large, image.preview, { onLoad: () => { if (img.alt === image.name && img.src.endsWith(image.thumbnail)) img.src = large.src; } });
  figure.querySelector("figcaption").textContent = image.path;
}

function tell({ answers, right, estimates, suggested }) {
  byId("learned").hidden = !estimates.length;
  byId("learned-title").textContent = suggested === null ? "What is known so far" : `Suggested: at least ${whole(suggested)} alike`;
  byId("learned-text").textContent = words(answers, right, suggested);
  byId("learned").querySelector("tbody").replaceChildren(...estimates.map((one) => row(one, suggested)));
  byId("use").hidden = suggested === null;
  if (suggested === null) return;
  byId("use").textContent = `Show the groups at ${whole(suggested)}`;
  byId("use").onclick = () => attempt(async () => {
    await post(`/api/scans/${scan}/regroup`, { threshold: suggested });
    location.assign(`/scans/${scan}`);
  });
}

function words(answers, right, suggested) {
  const so = `${plural(answers, "answer")}: ${count(right)} the same, ${count(answers - right)} not.`;
  if (!answers) return "No pair was judged yet.";
  if (suggested !== null) return `${so} From there on 95% of the matches are expected to be right.`;
  return answers < 10 ? `${so} With ten or more a threshold is suggested.` : `${so} No threshold is expected to be right 95 times in 100 yet.`;
}

function row(one, suggested) {
  const line = clone("estimate");
  const [least, pairs, right, range] = line.children;
  least.textContent = whole(one.threshold);
  pairs.textContent = count(one.pairs);
  right.textContent = `${whole(one.precision)} (${whole(one.low)} to ${whole(one.high)})`;
  range.querySelector(".estimate-bar").style.marginInlineStart = `${one.low * 100}%`;
  range.querySelector(".estimate-bar").style.width = `${Math.max(1, (one.high - one.low) * 100)}%`;
  line.classList.toggle("chosen", one.threshold === suggested);
  return line;
}
