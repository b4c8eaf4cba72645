/** Texts about a chart for screen readers, and its rows as CSV. */

import { gettext, ngettext } from "../../i18n.js";
import { axisOf } from "../axes.js";
import { extent } from "../data/series.js";
import { formatNumber } from "./format.js";

/** One sentence: how many points, from where to where, the lowest, the highest and the last value. */
export function sentence(series, settings, label = series.name) {
  if (!series.x.length) return gettext("{label}: no points yet.", { label });
  const axis = axisOf(settings);
  const range = extent(series.x, series.y, -Infinity, Infinity);
  const points = ngettext("{count} point", "{count} points", series.count, { count: formatNumber(series.count) });
  const [from, to] = [series.first, series.x[series.x.length - 1]].map((x) => axis.textOf(x, settings));
  const names = { label, points, name: axis.nameIn(settings), from, to };
  if (series.labels.length) {
    return gettext("{label}: {points}, {name} {from} to {to}; last “{last}”.", { ...names, last: series.last });
  }
  const values = range
    ? gettext("lowest {low}, highest {high}, last {last}", {
        low: formatNumber(range[0]),
        high: formatNumber(range[1]),
        last: formatNumber(series.last),
      })
    : gettext("no finite values");
  return gettext("{label}: {points}, {name} {from} to {to}; {values}.", { ...names, values });
}

/** That some values lie beyond the value axis, which would flatten the others (see `yRange`). */
export function clippedText({ above, below }) {
  return gettext("Not drawn: {above} above and {below} below the axis.", {
    above: formatNumber(above),
    below: formatNumber(below),
  });
}

export const NOT_ON_LOG_AXIS = gettext("Values at zero are not drawn on a logarithmic axis.");

/** Return why no point of a chart can be drawn. */
export function emptyReason({ curves, settings: { log, range }, plot }) {
  if (!curves.length) return gettext("All curves are hidden.");
  if (plot.outside) {
    const [low, high] = plot.outside.map(formatNumber);
    return gettext("The y range of this chart has none of its values: they are from {low} to {high}.", { low, high });
  }
  if (!curves.some(({ series }) => series.x.at(-1) > plot.x.zero)) return gettext("No positive positions to draw on a logarithmic axis.");
  if (range) return gettext("No points in this range.");
  return log ? gettext("No positive values to draw on a logarithmic axis.") : gettext("No finite values.");
}

/** Comma-separated values; a text cell that a spreadsheet would run as a formula gets a leading apostrophe. */
export function csv(header, rows) {
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function cell(value) {
  if (typeof value === "number") return Number.isNaN(value) ? "nan" : String(value).replace("Infinity", "inf");
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
