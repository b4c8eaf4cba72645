/** System page: values rendered by the server, and charts of the last minutes drawn here. */

import { Chart } from "./chart/chart.js";
import { Series } from "./chart/data/series.js";
import { onAppearanceChange } from "./chart/render/palette.js";
import { fragment } from "./http.js";
import { poll } from "./poll.js";

const EVERY = 2000;
const KEPT = 150;
/** Seconds that the curves show at first, and at most. */
const [FIRST, LONGEST] = [60, 300];

const mark = {};
let began = null;
const charts = new Map();
const settings = { axis: "time", smoothing: null, log: false, range: null, yRange: [0, 100] };

/** Replace the figures and add them to the curves. */
async function refresh() {
  const text = await fragment(location.pathname, mark);
  if (text === null) return;
  document.getElementById("figures").outerHTML = text;
  take();
}

function take() {
  const figures = document.getElementById("figures");
  const now = Number(figures.dataset.at);
  began ??= now;
  settings.range = [Math.max(now - LONGEST, Math.min(began, now - FIRST)), now];
  for (const meter of figures.querySelectorAll("[data-curve]")) {
    add(meter.dataset.curve, now, Number(meter.dataset.value));
  }
}

function add(name, at, value) {
  const { chart, series } = charts.get(name) ?? create(name);
  series.append([at], [value], 0);
  if (series.x.length > KEPT) {
    series.x.shift();
    series.y.shift();
  }
  series.count = series.x.length;
  chart.grown();
}

function create(name) {
  const template = document.querySelector("template.figure").content.firstElementChild;
  const holder = template.cloneNode(true);
  holder.dataset.name = name;
  holder.querySelector("h3").textContent = name;
  document.getElementById("history").append(holder);
  const hooks = { cursor: (x) => charts.forEach(({ chart }) => chart.setCursor(x)), zoom() {}, retry() {} };
  const made = { chart: new Chart(holder, settings, hooks), series: new Series(name) };
  charts.set(name, made);
  made.chart.setCurves([{ series: made.series }]);
  made.chart.show(true);
  return made;
}

onAppearanceChange(() => charts.forEach(({ chart }) => chart.redraw()));
take();
poll(refresh, () => EVERY, (error) => {
  document.getElementById("stale").hidden = !error;
});
