/** Names, groups and expressions of charts. Pure. */

import { compiled } from "../../chart/expressions.js";

/** Return the part of a metric's name before its first slash, by which charts are grouped without a board. */
export function groupOf(name) {
  const slash = name.indexOf("/");
  return slash > 0 ? name.slice(0, slash) : "";
}

/** Return the prefix that stands for a group in a board; "" for metrics without a slash. */
export function prefixOf(group) {
  return group && `${group}/`;
}

/** Whether an item is the chart of its first metric, which then stands nowhere else. */
export function isOwnChart({ title, metrics }) {
  return metrics?.length === 1 || Boolean(metrics?.length && !title);
}

/** Return the name of a chart, by which it is pinned and hidden. */
export function nameOf(item) {
  return isOwnChart(item) ? item.metrics[0] : item.title || item.match || "";
}

/** Return a regular expression, or one that matches nothing. */
export function expression(source) {
  return compiled(source) ?? /(?!)/;
}
