/** The run page: charts, log and header, kept up to date by one socket. */

import { Board } from "./board/board.js";
import { Loader } from "./chart/loader.js";
import { Verdicts } from "./chart/verdicts.js";
import { requestJson } from "./http.js";
import { Live } from "./live.js";
import { LogPane } from "./log.js";
import { linkLines } from "./log/link.js";
import { LogSearch } from "./log/search.js";
import { openDiff } from "./run/diff.js";
import { loadCard, loadFragment } from "./differences/card.js";
import { isShared } from "./dom.js";
import { editInPlace } from "./run/edit.js";
import { wireRunShare } from "./share.js";
import { seriesOf } from "./run/series.js";
import { refreshHeader, showStep } from "./run/header.js";
import { linkSamples, showStepOfAddress } from "./run/sample_link.js";
import { Media } from "./run/media.js";
import { filterPairs } from "./run/pairs.js";
import { sidePane } from "./run/side.js";
import { Toolbar } from "./run/toolbar.js";

const root = document.getElementById("run");
const refreshCard = loadCard(document.getElementById("changed"));
const charts = document.getElementById("charts");
const connection = document.getElementById("connection");
const REST_PAUSE = 2000;
const { series, live, origin } = root.dataset;

/** Where the journal stands: what is drawn comes from before, what the socket sends from after it. */
let place = null, restTimer = 0;

const toolbar = new Toolbar(document.getElementById("chart-tools"), Number(origin), (settings) => board.configure(settings));

const board = new Board(charts, new Loader(series), toolbar.settings, {
  zoom: (range) => toolbar.zoom(range),
  pointed: linkSamples(charts, root.dataset.samples),
  opened(answer) {
    begin(answer);
    requestAnimationFrame(() => showStepOfAddress(board.controller));
    judge();
    if (answer.pending) waitForRest();
  },
});

const { run } = document.body.dataset, { baseline } = charts.dataset;
const verdicts = new Verdicts(board.controller, undefined, run);

/** Compare the run with the baseline of its project, if there is one. */
function judge(isNewer = false) {
  if (baseline) verdicts.ask([["runs", run], ["against", baseline]], isNewer);
}

const log = new LogPane(document.getElementById("log"));
new LogSearch(document.querySelector("#log .find"), log);
linkLines(log);
const media = new Media(root);

/** The first answer has the start of the socket. Later ones may be ahead of it, which each chart handles. */
function begin(answer) {
  if (place) return;
  place = { end: answer.journal_end, row: answer.last_row, generation: answer.generation };
  socket.open();
}

/** A big journal is taken in piece by piece: the charts show what is there, and ask again. */
function waitForRest() {
  if (restTimer) return;
  document.getElementById("rest").hidden = false;
  restTimer = setTimeout(() => {
    restTimer = 0;
    document.getElementById("rest").hidden = true;
    board.controller.reload();
    findCharts();
  }, REST_PAUSE);
}

const FRAMES = {
  points(frame) {
    for (const [name, points] of Object.entries(frame.series)) {
      if (!board.has(name)) board.add(name, points.step.every((step) => step === null));
    }
    board.controller.advance(frame.before, frame.last_row, frame.series);
    place = { end: frame.end, row: frame.last_row, generation: frame.generation };
    showStep(frame.series);
    judge(true);
    refreshCard();
  },
  log: (frame) => log.add(frame),
  media: () => media.changed(),
  status: ({ run }) => refreshHeader(run),
  reset(frame) {
    media.changed();
    place = { end: frame.end, row: frame.row, generation: frame.generation };
    board.controller.reload();
    findCharts();
  },
};

const socket = new Live(live, {
  query: () => ({ ...place, ...log.place }),
  frame: (message) => FRAMES[message.type]?.(message),
  state: (text, retry) => say(text, retry),
});

function say(text, retry) {
  connection.hidden = !text;
  connection.querySelector("span").textContent = text;
  connection.querySelector("button").hidden = !retry;
}

/** The page may have been drawn before its journal was read. */
async function findCharts() {
  for (const [name, timeOnly] of await seriesOf(series)) if (!board.has(name)) board.add(name, timeOnly);
}

/** Without a chart that asks, the page asks itself where the journal stands. */
async function findPlace() {
  if (!charts.querySelector("figure")) findCharts();
  try {
    begin(await requestJson(`${series}?points=4&names=,`));
  } catch (error) {
    say(error.message, findPlace);
  }
}

connection.querySelector("button").addEventListener("click", () => (place ? socket.again() : findPlace()));
if (!isShared) {
  editInPlace(run);
  wireRunShare(run);
}
sidePane(root, (name) => {
  log.shown();
  const holder = name === "summary" && root.querySelector("[data-baseline].beside-baseline");
  if (holder) loadFragment(holder, holder.dataset.baseline);
});
filterPairs(root);
openDiff(root);
findPlace();
