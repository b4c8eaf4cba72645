/** The workspace: a list of runs, and beside it charts and tables of those that are visible. The address has its state. */

import { change } from "./edit.js";
import { gettext } from "./i18n.js";
import { writeChoice } from "./workspace/address.js";
import { wireAddRun } from "./workspace/add_run.js";
import { ChartsPanel } from "./workspace/charts_panel.js";
import { pickColour } from "./workspace/colour_picker.js";
import { wireEdge } from "./workspace/edge.js";
import { SideLegend } from "./workspace/legend.js";
import { RunList } from "./workspace/list.js";
import { Panels } from "./workspace/panels.js";
import { Relation } from "./hyperparameters/relation.js";
import { MOST_VISIBLE, added, allShown, removed, soloed, toggled, visible } from "./workspace/visibility.js";
import { VisibleRuns } from "./workspace/visible_runs.js";
import { carryCharts, refreshRuns } from "./runs/refresh.js";

const workspace = document.getElementById("workspace");
let visibleRuns, list, legend, panels, charts = null, relation = null;

/** Bring list, charts, legend and panel to the address and the rows of the list. */
function show() {
  visibleRuns.read();
  const { choice, shown, candidates } = visibleRuns;
  charts?.show(choice, shown);
  showLegend();
  relation?.show(choice, shown);
  panels.show(choice.tab, candidates);
  for (const tab of document.querySelectorAll("#panel-tabs [data-tab]")) {
    tab.href = writeChoice(location.search, { ...choice, tab: tab.dataset.tab });
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
  const entries = groups && choice.group ? groups : shown.map((run) => ({ ...run, removable: true }));
  const hidden = new Set(choice.group ? choice.hide : []);
  const title = document.querySelector(".listed th.value")?.textContent.trim() ?? "";
  legend.setEntries(entries.map((entry) => ({ ...entry, hidden: hidden.has(entry.key) })), choice.group ? "" : title);
}

/** Apply a choice: to the address, and from there to the page. */
function choose(next) {
  const address = location.pathname + writeChoice(location.search, next);
  if (address === location.pathname + location.search) return;
  history.pushState(null, "", address);
  show();
  // The server knows runs that are not on this page, and the links of the filters are to keep the choice.
  refreshRuns();
}

/** A choice of visible runs, unless too many would be visible. */
function chooseRuns(next) {
  const many = visible(next, visibleRuns.listed).length;
  panelProblem(many > MOST_VISIBLE || next.show.length > MOST_VISIBLE ? gettext("At most {n} runs can be visible.", { n: MOST_VISIBLE }) : "");
  if (many <= MOST_VISIBLE && next.show.length <= MOST_VISIBLE) choose(next);
}

function toggle(key) {
  const { choice, runs, listed } = visibleRuns;
  if (choice.group && !runs.has(key)) {
    const hide = choice.hide.includes(key) ? choice.hide.filter((one) => one !== key) : [...choice.hide, key];
    choose({ ...choice, hide });
  } else chooseRuns(toggled(choice, listed, key));
}

function soloGroup(key) {
  const { choice } = visibleRuns;
  const others = charts.groups.map((group) => group.key).filter((other) => other !== key);
  const hide = choice.hide.filter((one) => !charts.groups.some((group) => group.key === one));
  choose({ ...choice, hide: others.every((one) => choice.hide.includes(one)) ? hide : [...hide, ...others] });
}

function panelProblem(text) {
  const notice = document.getElementById("panel-problem");
  notice.hidden = !text;
  notice.textContent = text;
}

const hooks = {
  toggle,
  solo(key) {
    const { choice, runs } = visibleRuns;
    if (choice.group && !runs.has(key)) soloGroup(key);
    else choose(soloed(choice, key));
  },
  showAll: (all) => choose(allShown(visibleRuns.choice, all)),
  remove: (key) => choose(removed(visibleRuns.choice, visibleRuns.listed, key)),
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
    relation = new Relation(section, (changed) => choose({ ...visibleRuns.choice, ...changed }));
    relation.show(visibleRuns.choice, visibleRuns.shown);
  }
  if (name !== "charts") return;
  charts = new ChartsPanel(section, {
    choose: (changed) => choose({ ...visibleRuns.choice, ...changed }),
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

function start() {
  list = new RunList(hooks);
  visibleRuns = new VisibleRuns(list);
  const holder = document.getElementById("legend");
  legend = new SideLegend(holder, hooks);
  const add = (id) => chooseRuns(added(visibleRuns.choice, visibleRuns.listed, id));
  wireAddRun(holder, add, (id) => visibleRuns.isVisible(id));
  panels = new Panels(document.getElementById("panel"), document.getElementById("panel-tabs"), visibleRuns.candidates, {
    opened,
    newer: (_, section) => charts.merge(section),
    failed: panelProblem,
  });
  opened(panels.open, document.getElementById("panel").firstElementChild);
  showLegend();
  wireEdge(workspace, () => dispatchEvent(new Event("resize")));
  carryCharts();
  document.getElementById("panel-tabs").addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tab]");
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose({ ...visibleRuns.choice, tab: tab.dataset.tab });
  });
  document.addEventListener("rows", rowsChanged);
  addEventListener("popstate", show);
}

if (workspace) start();
else document.addEventListener("rows", () => document.querySelector(".listed") && location.reload());
