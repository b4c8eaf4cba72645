/**
 * Arrangement of a page's charts, as a board says. Pure.
 *
 * A *metric* is {name, group, timeOnly}, listed in the default order. A *cell* is {name, kind: "chart" | "text", metrics:
 * [name, …], item?, at?: [section, item] in the board, timeOnly}; a chart without an item has the usual options.
 * A *section* is {key, title, kind: "pinned" | "listed" | "group" | "hidden", index, prefix, folded, cells}; `index` is
 * its place in the board, or -1 while the board does not list it.
 */

import { expression, isOwnChart, nameOf } from "./names.js";
import { distinct, foldLarge, mergeSections } from "./sections.js";

/**
 * Return the sections of a page with their cells, and the hidden cells. `showsHidden`: these in a section at the end;
 * `showsEmpty`: sections without a cell too.
 */
export function arrange(board, metrics, { showsHidden = false, showsEmpty = false } = {}) {
  const known = new Map(metrics.map((metric) => [metric.name, metric]));
  const sections = mergeSections(board.sections ?? [], metrics);
  const cells = placeItems(sections, board.sections ?? [], known);
  for (const metric of metrics) {
    if (cells.has(metric.name)) continue;
    const cell = { name: metric.name, kind: "chart", metrics: [metric.name], timeOnly: metric.timeOnly };
    cells.set(metric.name, cell);
    sections.find((section) => section.has(metric)).cells.push(cell);
  }
  for (const section of sections) orderFirst(section);
  const [pinned, hidden] = [takeOut(sections, cells, board.pinned, board.hidden), takeOut(sections, cells, board.hidden)];
  const made = [{ ...special("pinned"), cells: pinned }, ...sections];
  if (showsHidden) made.push({ ...special("hidden"), cells: hidden });
  const shown = made.filter((section) => section.cells.length || (showsEmpty ? section.kind !== "pinned" : isFree(section)));
  return { sections: foldLarge(distinct(shown)), hidden };
}

/** A section without a rule is shown before it has a chart, so that one can be put into it. */
function isFree({ index, prefix, match, hasCharts }) {
  return index >= 0 && prefix === undefined && match === undefined && !hasCharts;
}

function special(kind) {
  return { key: kind, title: kind, kind, index: -1, folded: undefined };
}

/** Put the items of the board into their sections; an item of one metric is the chart of that metric. */
function placeItems(sections, listed, known) {
  const cells = new Map();
  for (const section of sections.filter(({ index }) => index >= 0)) {
    for (const [place, item] of (listed[section.index].items ?? []).entries()) {
      const at = [section.index, place];
      if ("markdown" in item) addText(section, cells, { item, at });
      else addChart(section, cells, { item, at, metrics: metricsOf(item, known) }, known);
    }
  }
  return cells;
}

function addText(section, cells, cell) {
  let name = `text:${cell.item.markdown}`;
  for (let n = 2; cells.has(name); n += 1) name = `text:${cell.item.markdown} (${n})`;
  cells.set(name, { ...cell, name, kind: "text", metrics: [] });
  section.cells.push(cells.get(name));
}

function metricsOf({ metrics, match }, known) {
  if (metrics) return metrics.filter((name) => known.has(name));
  const pattern = expression(match);
  return [...known.keys()].filter((name) => pattern.test(name));
}

function addChart(section, cells, cell, known) {
  section.hasCharts = true;
  const isTaken = (name) => cells.has(name) || (known.has(name) && !isOwnChart(cell.item));
  let name = nameOf(cell.item);
  // Two charts of one name are told apart by a number.
  for (let n = 2; isTaken(name); n += 1) name = `${nameOf(cell.item)} (${n})`;
  if (!cell.metrics.length) return;
  const chart = { ...cell, name, kind: "chart", timeOnly: cell.metrics.every((metric) => known.get(metric).timeOnly) };
  cells.set(name, chart);
  section.cells.push(chart);
}

/** Charts that are no items come behind the items; those that `order` names before the others. */
function orderFirst({ cells, order }) {
  if (!order.length) return;
  const rank = (cell) => (cell.at ? -1 : order.includes(cell.name) ? order.indexOf(cell.name) : order.length);
  cells.sort((a, b) => rank(a) - rank(b));
}

function takeOut(sections, cells, names = [], except = []) {
  const taken = names.filter((name) => cells.has(name) && !except.includes(name)).map((name) => cells.get(name));
  for (const section of sections) section.cells = section.cells.filter((cell) => !taken.includes(cell));
  return taken;
}
