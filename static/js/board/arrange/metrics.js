/** The metrics of a page, and the options of its charts. */

import { isTimeOnly } from "../../chart/axes.js";
import { natural } from "../../run/natural.js";
import { groupOf } from "./names.js";

const OPTIONS = ["x", "x_log", "y_log", "y_range", "smoothing"];

/** Return the metrics of a panel as the server orders them. */
export function metricsIn(panel) {
  return [...panel.querySelectorAll("figure[data-name]")].map((figure) => {
    const { name, axis } = figure.dataset;
    return { name, group: figure.closest(".group").dataset.group, timeOnly: isTimeOnly(axis) };
  });
}

/** Return the metrics with one more, in order of name within its group; a new group comes before the machine's. */
export function insertMetric(metrics, name, timeOnly) {
  const group = groupOf(name), made = { name, group, timeOnly };
  const last = metrics.findLastIndex((metric) => metric.group === group);
  const next = metrics.findIndex((metric) => metric.group === group && natural(metric.name, name) > 0);
  const machine = metrics.findIndex((metric) => metric.group === "system");
  const place = next >= 0 ? next : last >= 0 ? last + 1 : machine >= 0 ? machine : metrics.length;
  return metrics.toSpliced(place, 0, made);
}

/** Return the options of a cell, as charts have them. */
export function chartOptions(cell) {
  if (!cell?.item || cell.kind === "text") return {};
  const { metrics, match } = cell.item;
  const metricsOfCell = match ? { match } : metrics.length > 1 || metrics[0] !== cell.name ? { metrics } : {};
  return Object.assign(metricsOfCell, ...OPTIONS.filter((key) => key in cell.item).map((key) => ({ [key]: cell.item[key] })));
}

/** Return the fields of an item for options of a chart; what they lack is removed. */
export function fieldsOf(options) {
  const fields = Object.fromEntries(OPTIONS.map((key) => [key, options[key]]));
  if (options.metrics) Object.assign(fields, { metrics: options.metrics, match: undefined });
  else if (options.match) Object.assign(fields, { match: options.match, metrics: undefined });
  return fields;
}

/** Return the options of all charts as a text that changes with them. */
export function optionsIn({ sections }) {
  const cells = sections.flatMap((section) => section.cells).filter(({ item, kind }) => item && kind === "chart");
  return JSON.stringify(cells.map((cell) => [cell.name, chartOptions(cell)]).sort());
}
