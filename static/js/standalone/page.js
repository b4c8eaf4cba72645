/** A saved page: charts of the points that are in it, without a server. */

import { arrange } from "../board/arrange/arrangement.js";
import { chartOptions } from "../board/arrange/metrics.js";
import { groupOf } from "../board/arrange/names.js";
import { OFFERED, isTimeOnly, settingsFor } from "../chart/axes.js";
import { ChartController } from "../chart/controller.js";
import { cssColour } from "../chart/render/colours.js";
import { swatch } from "../chart/render/swatch.js";
import { mountCharts } from "../documents/charts.js";
import { make } from "../dom.js";
import { gettext } from "../i18n.js";
import { readSettings } from "../run/settings_address.js";
import { RunColours } from "../workspace/colours.js";
import { paletteName } from "../workspace/palette_names.js";
import { SavedGroups } from "./groups.js";
import { EmbeddedSource } from "./source.js";

const data = JSON.parse(document.getElementById("data").textContent);
const charts = document.getElementById("charts");
const saved = document.getElementById("groups");
const groups = saved && new SavedGroups(JSON.parse(saved.textContent));
if (groups) document.querySelector("ul.runs").replaceChildren(...groups.entries.map((entry) => make("li", {}, swatch(entry), " ", make("b", { textContent: entry.label }))));
if (charts) drawRuns(data.board && arrangeBoard(data.board));
for (const block of document.querySelectorAll("[data-chart]")) mountCharts(block, (runs) => new EmbeddedSource(data, runs));

/** Return all runs of the page, in the colours that users gave them or in those of the live page. */
function runsOf({ runs }) {
  const own = new Map(runs.filter(({ colour }) => colour).map(({ id, colour }) => [id, paletteName(colour)]));
  const looks = new RunColours().assign(runs.map(({ id }) => id), own);
  const dots = document.querySelectorAll(".runs .dot");
  return runs.map(({ id, label }, i) => {
    const look = looks.get(id);
    if (dots[i]) dots[i].style.background = cssColour(look.colour);
    return { key: id, label, ...look };
  });
}

/** Put the charts in order as a board says; returns the cells by name. */
function arrangeBoard({ board, texts }) {
  const metrics = data.metrics.map(({ name, time_only }) => ({ name, group: groupOf(name), timeOnly: time_only }));
  const cells = new Map();
  const sections = arrange(board, metrics).sections.map(({ title, kind, cells: own }) => {
    const elements = own.map((cell) => {
      cells.set(cell.name, cell);
      return cell.kind === "text" ? make("div", { className: "markdown text-cell", innerHTML: texts[cell.item.markdown] ?? "" }) : figureOf(cell);
    });
    const heading = kind === "pinned" ? gettext("Pinned") : title;
    return [...(heading ? [make("h2", { className: "section", textContent: heading })] : []), ...elements];
  });
  charts.replaceChildren(...sections.flat());
  return cells;
}

function figureOf({ name, item, metrics, timeOnly }) {
  const label = item?.title ?? item?.match ?? (metrics.length > 1 ? metrics.join(", ") : name);
  const title = make("h3", { className: "clip", title: label }, make("bdi", { textContent: label }));
  const figure = make("figure", {}, make("figcaption", {}, title, make("output")));
  const x = data.metrics.find((metric) => metric.name === name)?.x;
  Object.assign(figure.dataset, { name, ...(timeOnly && { axis: "time" }), ...(x && { x }) });
  return figure;
}

/** Draw all charts of runs, with tools above them; `cells` of a board by name, or null. */
function drawRuns(cells) {
  const form = document.getElementById("tools");
  const names = data.metrics.map(({ name }) => name);
  let settings = { ...readSettings(data.settings, 0, names), hidden: [] };
  const changed = new Map();
  const controller = new ChartController(charts, groups ?? new EmbeddedSource(data, runsOf(data)), settings, {
    zoom: (range) => configure({ range }),
    metrics: () => names,
    options: (name) => changed.get(name) ?? chartOptions(cells?.get(name)),
    optionsChanged: (name, options) => changed.set(name, options),
  });

  function configure(changes) {
    settings = { ...settings, ...changes };
    whole.disabled = !settings.range;
    controller.configure(settings);
  }

  const hasSteps = data.metrics.some(({ time_only }) => !time_only);
  const axes = OFFERED.filter(({ key }) => hasSteps || isTimeOnly(key));
  const { xMetric } = settings;
  const options = [...axes.map(({ key, label }) => [key, label]), ...(xMetric ? [[xMetric, xMetric]] : [])];
  const axis = make("select", { ariaLabel: gettext("x axis") }, ...options.map(([value, label]) => make("option", { value, textContent: label })));
  // Groups are in columns of the axis that they were saved over.
  axis.disabled = Boolean(groups);
  axis.value = xMetric ?? settings.axis;
  axis.addEventListener("change", () => configure({ ...settingsFor(axis.value), range: null }));
  const log = make("input", { type: "checkbox", checked: settings.log });
  log.addEventListener("change", () => configure({ log: log.checked }));
  const search = make("input", { type: "search", placeholder: gettext("Filter charts"), ariaLabel: gettext("Filter charts") });
  search.addEventListener("input", () => {
    for (const figure of charts.querySelectorAll("figure[data-name]")) {
      figure.hidden = !figure.dataset.name.toLowerCase().includes(search.value.toLowerCase());
    }
  });
  const whole = make("button", { type: "button", disabled: !settings.range }, gettext("Show everything"));
  whole.addEventListener("click", () => configure({ range: null }));
  form.append(search, axis, make("label", {}, log, gettext("Log scale")), whole);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  if (!hasSteps) configure({ axis: axes[0].key });
}
