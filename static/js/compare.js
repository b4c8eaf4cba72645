/** Compare page: curves of several runs, and their config values against a metric. */

import { ChartController } from "./chart/controller.js";
import { Legend } from "./chart/legend.js";
import { assign } from "./chart/render/colours.js";
import { Relation } from "./compare/relation.js";
import { OverlaySource } from "./compare/source.js";
import { readChoice, writeChoice } from "./compare/state.js";
import { filterFigures } from "./run/groups.js";
import { Toolbar } from "./run/toolbar.js";

const charts = document.getElementById("charts");
const tools = document.getElementById("compare-tools");
const runs = [...document.querySelectorAll("#runs [data-run]")].map(({ dataset }) => ({
  key: dataset.run,
  label: `${dataset.label} ${dataset.short}`,
  href: `/runs/${encodeURIComponent(dataset.run)}`,
}));
const styles = assign(runs.map(({ key }) => key));
for (const run of runs) Object.assign(run, styles.get(run.key));

let choice = readChoice(location.search);
const source = new OverlaySource(runs);

const toolbar = new Toolbar(document.getElementById("chart-tools"), 0, (settings) => configure(settings));
source.configure(choice, toolbar.settings.axis, countOfGroups());
const board = new ChartController(charts, source, { ...toolbar.settings, hidden: choice.hidden }, {
  zoom: (range) => toolbar.zoom(range),
  opened: ({ groups }) => showLegend(groups),
});
const legend = new Legend(document.getElementById("legend"), runs, {
  hide: (hidden) => choose({ hidden }),
  highlight: (key) => board.highlight(key),
});
const relation = new Relation(runs, (change) => choose(change));

/** Apply settings from the toolbar or from the address (Back button). */
function configure(settings) {
  choice = readChoice(location.search);
  const changed = source.configure(choice, settings.axis, countOfGroups());
  filterFigures(charts, settings.filter);
  board.configure({ ...settings, hidden: choice.hidden });
  if (changed) board.reload();
  show();
}

/** Apply a choice of the user: to the address, and from there to the page. */
function choose(change) {
  const address = location.pathname + writeChoice(location.search, { ...choice, ...change });
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  configure(toolbar.settings);
}

function countOfGroups() {
  const option = [...tools.elements.group.options].find(({ value }) => value === choice.group);
  return choice.group ? Number(option?.dataset.groups ?? runs.length) : 0;
}

function show() {
  tools.elements.group.value = choice.group;
  tools.elements.band.value = choice.band;
  tools.elements.band.closest("label").hidden = !choice.group;
  if (!choice.group) showLegend();
  else legend.show(choice.hidden);
  relation.show(choice);
}

/** Show runs in the legend, or the groups of a response. */
function showLegend(groups) {
  const entries = choice.group && groups ? source.groupEntries(groups) : runs;
  if (entries.map(({ key }) => key).join() !== legend.entries.map(({ key }) => key).join()) legend.setEntries(entries);
  legend.show(choice.hidden);
}

tools.hidden = false;
tools.addEventListener("submit", (event) => event.preventDefault());
tools.addEventListener("change", () => {
  const { group, band } = tools.elements;
  choose({ group: group.value, band: band.value, hidden: group.value === choice.group ? choice.hidden : [] });
});
filterFigures(charts, toolbar.settings.filter);
show();
