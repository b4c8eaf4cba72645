/** Header of the run page: the step follows live points, the rest is rendered by the server. */

import { formatNumber } from "../chart/text/format.js";
import { request } from "../http.js";
import { morph } from "./morph.js";

const PAUSE = 1000;
const PROGRESS_PAUSE = 10_000;

let lastState = "";
let timer = 0;
/** Numbers of the last request for a header, and of the one whose response is shown. */
let asked = 0;
let drawn = 0;

/** Show the highest step among new points, `{name: {step: […]}}`. */
export function showStep(points) {
  const output = document.getElementById("step");
  const steps = Object.values(points).flatMap(({ step }) => step.filter((value) => value !== null));
  const highest = steps.reduce((a, b) => Math.max(a, b), Number(output.dataset.value));
  if (!(highest >= 0)) return;
  output.dataset.value = highest;
  output.textContent = formatNumber(highest);
}

/** Show the name of the run where it stands outside of the header, too. */
function showName(name) {
  const crumb = document.querySelector(".crumbs [aria-current] bdi");
  if (!crumb || crumb.textContent === name) return;
  document.title = document.title.replace(crumb.textContent, () => name);
  crumb.textContent = name;
}

/** Refresh the header if the state of the run changed; `run` comes from the socket. */
export function refreshHeader(run) {
  const now = JSON.stringify([run.state, run.state_reason, run.warnings, run.best_metric_value, run.ended]);
  const same = lastState ? lastState === now : run.state === document.getElementById("header").dataset.status;
  lastState = now;
  const moves = document.querySelector("#header .progress");
  // The head may have been drawn before the journal was read.
  if (run.last_step !== null) showStep({ known: { step: [run.last_step] } });
  if ((!same || moves) && !timer) timer = setTimeout(redraw, same ? PROGRESS_PAUSE : PAUSE);
}

/** Refresh the header and keep focus, text selection and an open note. */
export async function redraw() {
  clearTimeout(timer);
  timer = 0;
  const turn = (asked += 1);
  const text = await request(`${location.pathname}?part=header`).then((response) => response.text()).catch(() => "");
  // A header that was asked for later may have come before.
  if (!text || turn < drawn) return;
  drawn = turn;
  const step = Number(document.getElementById("step").dataset.value);
  // The run was deleted meanwhile: what came is a page of its own.
  if (text.includes("<!doctype")) return location.reload();
  const made = new DOMParser().parseFromString(text, "text/html").getElementById("header");
  made.querySelector("#more-facts").open = document.getElementById("more-facts").open;
  morph(document.getElementById("header"), made);
  showName(made.querySelector("h1").textContent.trim());
  // The page may be ahead of the rows that the server drew from.
  if (step > 0) showStep({ shown: { step: [step] } });
}
