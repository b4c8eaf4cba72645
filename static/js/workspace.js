/** The workspace: a list of runs, and beside it charts and tables of those that are visible. The address has its state. */

import { SideLegend } from "./chart/legend.js";
import { cssColour } from "./chart/render/colours.js";
import { isShared, lazy } from "./dom.js";
import { change } from "./edit.js";
import { UNREACHABLE } from "./http.js";
import { wireShare } from "./share.js";
import { wireAddRun } from "./workspace/add_run.js";
import { carryCharts } from "./workspace/carry.js";
import { ChartsPanel } from "./workspace/charts_panel.js";
import { Choices } from "./workspace/choices.js";
import { pickColour } from "./workspace/colour_picker.js";
import { wireEdge } from "./workspace/edge.js";
import { RunList } from "./workspace/list.js";
import { MediaPanel } from "./workspace/media_panel.js";
import { Panels } from "./workspace/panels.js";
import { shareable } from "./workspace/shareable.js";
import { VisibleRuns } from "./workspace/visible_runs.js";

const workspace = document.getElementById("workspace");
let visibleRuns, choices, list, legend, panels, charts = null, relation = null, media = null;

/** Bring list, charts, legend and panel to the address and the rows of the list. */
function show() {
  visibleRuns.read();
  const { choice, shown, candidates } = visibleRuns;
  charts?.show(choice, shown);
  showLegend();
  relation?.show(choice, shown);
  media?.show(choice, shown);
  panels.show(choice, candidates);
  paintHeads(document.getElementById("panel"));
}

/** Give the runs of a table the colours of their curves. */
function paintHeads(section) {
  for (const head of section.querySelectorAll("th[data-run]")) {
    const look = visibleRuns.looks.get(head.dataset.run);
    if (look) head.firstElementChild.style.setProperty("--dot", cssColour(look.colour));
  }
}

/** The rows of the list are newer: fetch the new points of visible runs, and new charts. */
function rowsChanged() {
  show();
  const grown = visibleRuns.grown();
  if (!grown.length) return;
  charts?.refresh(grown);
  panels.refresh(visibleRuns.candidates);
}

function showLegend(groups = charts?.groups) {
  const { choice, shown } = visibleRuns;
  const isWhole = Boolean(charts?.source.isWhole);
  visibleRuns.group(isWhole ? (groups ?? []) : null);
  // The list has the runs; what it does not have is beside it.
  workspace.classList.toggle("grouped", isWhole);
  const entries = isWhole ? (groups ?? []) : shown.map((run) => ({ ...run, removable: true }));
  const hidden = new Set(isWhole ? choice.hide : []);
  list.judge();
  legend.metric = choice.group || !isWhole ? list.metric : "";
  // Groups have no values at rest, but verdicts on the metric of the list where there is a baseline.
  const isJudged = entries.some(({ key }) => hooks.verdict(list.metric, key));
  const title = document.querySelector(".listed th.value .clip")?.title ?? "";
  legend.setEntries(entries.map((entry) => ({ ...entry, hidden: hidden.has(entry.key) })), choice.group && !isJudged ? "" : isWhole && !choice.group ? (charts.title ?? "") : title);
}

function panelProblem(text, isNews = false) {
  const notice = document.getElementById("panel-problem");
  notice.hidden = !text;
  notice.classList.toggle("failed", !isNews);
  notice.textContent = text;
}

const hooks = {
  verdict: (metric, key) => charts?.verdicts?.of(metric, key),
  toggle: (key) => choices.toggle(key),
  solo: (key, clicks) => choices.solo(key, clicks),
  showAll: (isShown) => choices.showAll(isShown),
  remove: (key) => choices.remove(key),
  highlight(key) {
    charts?.board.controller.highlight(key);
    list.point(key);
    legend?.point(key);
  },
  colour(key, button) {
    const save = (color) => change(key, { color }).then(() => {
      list.recolour(key, color);
      show();
    });
    pickColour(button, visibleRuns.runs.get(key).own, (color) => save(color).then(() => panelProblem(""), ({ message }) => panelProblem(message)));
  },
};

/** A panel came into the page. */
function opened(name, section) {
  if (name === "hyperparameters") {
    // Few visits need it.
    const draw = ({ Relation }) => {
      relation = new Relation(section, (changed) => choices.apply(changed));
      relation.show(visibleRuns.choice, visibleRuns.shown);
    };
    lazy("hyperparameters/relation").then(draw, () => panelProblem(UNREACHABLE));
  }
  if (name === "media") {
    media = new MediaPanel({ choose: (changed) => choices.apply(changed), failed: panelProblem });
    media.show(visibleRuns.choice, visibleRuns.shown);
  }
  paintHeads(section);
  if (name !== "charts") return;
  charts = new ChartsPanel(section, {
    choose: (changed) => choices.apply(changed),
    groups: (groups) => showLegend(groups),
    pointed(reading) {
      if (workspace.matches(".grouped, .folded")) legend.read(reading);
      list.read(reading);
      list.point(reading?.near.curve.key ?? null);
    },
    list: () => ({ matching: visibleRuns.matching, listed: visibleRuns.listed, metric: list.metric }),
    reading: (text) => panelProblem(text, true),
    judged: () => showLegend(),
  });
  charts.show(visibleRuns.choice, visibleRuns.shown);
  charts.start();
}

function start() {
  list = new RunList(hooks);
  visibleRuns = new VisibleRuns(list);
  choices = new Choices(visibleRuns, { changed: show, groups: () => charts.groups ?? [], isWhole: () => Boolean(charts?.source.isWhole), problem: panelProblem });
  const [holder, panel, tabs] = ["legend", "panel", "panel-tabs"].map((id) => document.getElementById(id));
  legend = new SideLegend(holder, hooks);
  if (!isShared) wireAddRun(tabs, (id) => choices.add(id), (id) => visibleRuns.isVisible(id));
  panels = new Panels(panel, tabs, visibleRuns.candidates, { opened, choose: (changed) => choices.apply(changed), newer: (name, section) => name === "charts" && charts.merge(section), failed: panelProblem });
  opened(panels.open, panel.firstElementChild);
  showLegend();
  wireShare("runs", () => shareable(visibleRuns.shown.map(({ key }) => key), charts?.board.file));
  wireEdge(workspace);
  carryCharts();
  document.addEventListener("rows", rowsChanged);
  document.addEventListener("reconnected", () => panels.refresh(visibleRuns.candidates));
  addEventListener("popstate", show);
}

if (workspace) start();
else document.addEventListener("rows", () => document.querySelector(".listed") && location.reload());
