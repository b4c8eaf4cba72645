/** The workspace: a list of runs, and beside it charts and tables of those that are visible. The address has its state. */

import { change } from "./edit.js";
import { gettext } from "./i18n.js";
import { readChoice, writeChoice } from "./workspace/address.js";
import { wireAddRun } from "./workspace/add_run.js";
import { ChartsPanel } from "./workspace/charts_panel.js";
import { paletteName, pickColour } from "./workspace/colour_picker.js";
import { RunColours } from "./workspace/colours.js";
import { wireEdge } from "./workspace/edge.js";
import { SideLegend } from "./workspace/legend.js";
import { RunList } from "./workspace/list.js";
import { Panels } from "./workspace/panels.js";
import { Relation } from "./hyperparameters/relation.js";
import { MOST_VISIBLE, added, allShown, candidates, removed, soloed, toggled, visible } from "./workspace/visibility.js";
import { carryCharts, refreshRuns } from "./runs/refresh.js";

const workspace = document.getElementById("workspace");
const colours = new RunColours();
let choice, runs, listed, shown, points, charts = null, relation = null, list, legend, panels;

function read() {
  choice = readChoice(location.search);
  runs = new Map(list.runs().map((run) => [run.key, run]));
  listed = [...runs.values()].filter((run) => run.listed).map(({ key }) => key);
  const ids = visible(choice, listed).filter((id) => runs.has(id));
  const looks = colours.assign(ids, new Map([...runs.values()].filter(({ own }) => own).map(({ key, own }) => [key, paletteName(own)])));
  shown = ids.map((id) => ({ ...runs.get(id), ...looks.get(id) }));
  list.show(looks);
}

/** Bring list, charts, legend and panel to the address and the rows of the list. */
function show() {
  read();
  charts?.show(choice, shown);
  showLegend();
  relation?.show(choice, shown);
  panels.show(choice.tab, candidateKey());
  for (const tab of document.querySelectorAll("#panel-tabs [data-tab]")) {
    tab.href = writeChoice(location.search, { ...choice, tab: tab.dataset.tab });
  }
}

/** The rows of the list are newer: fetch the new points of visible runs, and new charts. */
function rowsChanged() {
  const before = points;
  show();
  points = new Map([...runs.values()].map((run) => [run.key, run.points]));
  const grown = shown.filter(({ key, points: mark }) => before.has(key) && before.get(key) !== mark).map(({ key }) => key);
  if (!grown.length) return;
  charts?.refresh(grown);
  panels.refresh(candidateKey());
}

function candidateKey() {
  return candidates(choice, listed).filter((id) => runs.has(id)).join();
}

function showLegend(groups = charts?.groups) {
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
  const many = visible(next, listed).length;
  panelProblem(many > MOST_VISIBLE || next.show.length > MOST_VISIBLE ? gettext("At most {n} runs can be visible.", { n: MOST_VISIBLE }) : "");
  if (many <= MOST_VISIBLE && next.show.length <= MOST_VISIBLE) choose(next);
}

function toggle(key) {
  if (choice.group && !runs.has(key)) {
    const hide = choice.hide.includes(key) ? choice.hide.filter((one) => one !== key) : [...choice.hide, key];
    choose({ ...choice, hide });
  } else chooseRuns(toggled(choice, listed, key));
}

function soloGroup(key) {
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
  solo: (key) => (choice.group && !runs.has(key) ? soloGroup(key) : choose(soloed(choice, key))),
  showAll: (all) => choose(allShown(choice, all)),
  remove: (key) => choose(removed(choice, listed, key)),
  highlight(key) {
    charts?.highlight(key);
    list.point(key);
    legend?.point(key);
  },
  colour(key, button) {
    pickColour(button, runs.get(key).own, async (color) => {
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
    relation = new Relation(section, (change) => choose({ ...choice, ...change }));
    relation.show(choice, shown);
  }
  if (name !== "charts") return;
  charts = new ChartsPanel(section, {
    choose: (change) => choose({ ...choice, ...change }),
    groups: (groups) => showLegend(groups),
    pointed(reading) {
      legend.read(reading);
      list.point(reading?.near.curve.key ?? null);
    },
    runCount: () => shown.length,
  });
  charts.show(choice, shown);
  charts.start();
}

function start() {
  list = new RunList(hooks);
  read();
  points = new Map([...runs.values()].map((run) => [run.key, run.points]));
  legend = new SideLegend(document.getElementById("legend"), hooks);
  wireAddRun(document.getElementById("legend"), (id) => chooseRuns(added(choice, listed, id)), (id) => shown.some(({ key }) => key === id));
  panels = new Panels(document.getElementById("panel"), document.getElementById("panel-tabs"), candidateKey(), {
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
    choose({ ...choice, tab: tab.dataset.tab });
  });
  document.addEventListener("rows", rowsChanged);
  addEventListener("popstate", show);
}

if (workspace) start();
else document.addEventListener("rows", () => document.querySelector(".listed") && location.reload());
