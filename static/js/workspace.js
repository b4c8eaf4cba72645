/** The workspace: a list of runs, and beside it charts and tables of those that are visible. The address has its state. */

import { isShared } from "./dom.js";
import { change } from "./edit.js";
import { Relation } from "./hyperparameters/relation.js";
import { gettext, ngettext } from "./i18n.js";
import { wireShare } from "./share.js";
import { wireAddRun } from "./workspace/add_run.js";
import { carryCharts } from "./workspace/carry.js";
import { ChartsPanel } from "./workspace/charts_panel.js";
import { Choices } from "./workspace/choices.js";
import { pickColour } from "./workspace/colour_picker.js";
import { wireEdge } from "./workspace/edge.js";
import { SideLegend } from "./workspace/legend.js";
import { RunList } from "./workspace/list.js";
import { Panels } from "./workspace/panels.js";
import { VisibleRuns } from "./workspace/visible_runs.js";

const workspace = document.getElementById("workspace");
let visibleRuns, choices, list, legend, panels, charts = null, relation = null;

/** Bring list, charts, legend and panel to the address and the rows of the list. */
function show() {
  visibleRuns.read();
  const { choice, shown, candidates } = visibleRuns;
  charts?.show(choice, shown);
  showLegend();
  relation?.show(choice, shown);
  panels.show(choice, candidates);
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
  const entries = groups && choice.group ? groups : shown.map((run) => ({ ...run, removable: true }));
  const hidden = new Set(choice.group ? choice.hide : []);
  const title = document.querySelector(".listed th.value")?.textContent.trim() ?? "";
  legend.setEntries(entries.map((entry) => ({ ...entry, hidden: hidden.has(entry.key) })), choice.group ? "" : title);
}

function panelProblem(text) {
  const notice = document.getElementById("panel-problem");
  notice.hidden = !text;
  notice.textContent = text;
}

const hooks = {
  toggle: (key) => choices.toggle(key),
  solo: (key) => choices.solo(key),
  showAll: (isShown) => choices.showAll(isShown),
  remove: (key) => choices.remove(key),
  highlight(key) {
    charts?.highlight(key);
    list.point(key);
    legend?.point(key);
  },
  colour(key, button) {
    pickColour(button, visibleRuns.runs.get(key).own, async (color) => {
      try {
        await change(key, { color });
        list.recolour(key, color);
        show();
        panelProblem("");
      } catch (error) {
        panelProblem(error.message);
      }
    });
  },
};

/** A panel came into the page. */
function opened(name, section) {
  if (name === "hyperparameters") {
    relation = new Relation(section, (changed) => choices.apply(changed));
    relation.show(visibleRuns.choice, visibleRuns.shown);
  }
  if (name !== "charts") return;
  charts = new ChartsPanel(section, {
    choose: (changed) => choices.apply(changed),
    groups: (groups) => showLegend(groups),
    pointed(reading) {
      legend.read(reading);
      list.point(reading?.near.curve.key ?? null);
    },
    runCount: () => visibleRuns.shown.length,
  });
  charts.show(visibleRuns.choice, visibleRuns.shown);
  charts.start();
}

/** What can be shared of these charts: the visible runs, and a board with the runs of its project. */
function shareable() {
  const keys = visibleRuns.shown.map(({ key }) => key);
  const { project, name } = charts?.board.file ?? {};
  const runs = { kind: "compare", target: keys.join(","), label: ngettext("{n} visible run", "{n} visible runs", keys.length) };
  const board = { kind: "board", target: `${project}/${name}`, label: gettext("Board “{name}” with all runs of {project}", { name, project }) };
  return [...(keys.length ? [runs] : []), ...(project ? [board] : [])];
}

function start() {
  list = new RunList(hooks);
  visibleRuns = new VisibleRuns(list);
  choices = new Choices(visibleRuns, { changed: show, groups: () => charts.groups, problem: panelProblem });
  const [holder, panel, tabs] = ["legend", "panel", "panel-tabs"].map((id) => document.getElementById(id));
  legend = new SideLegend(holder, hooks);
  if (!isShared) wireAddRun(holder, (id) => choices.add(id), (id) => visibleRuns.isVisible(id));
  panels = new Panels(panel, tabs, visibleRuns.candidates, { opened, newer: (_, section) => charts.merge(section), failed: panelProblem });
  opened(panels.open, panel.firstElementChild);
  showLegend();
  wireShare("runs", shareable);
  wireEdge(workspace);
  carryCharts();
  tabs.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tab]");
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choices.apply({ tab: tab.dataset.tab });
  });
  document.addEventListener("rows", rowsChanged);
  addEventListener("popstate", show);
}

if (workspace) start();
else document.addEventListener("rows", () => document.querySelector(".listed") && location.reload());
