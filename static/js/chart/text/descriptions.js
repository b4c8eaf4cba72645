/** Texts about a chart for screen readers, and its rows as CSV. */

import { extent } from "../data/series.js";
import { formatDuration, formatNumber, formatTime } from "./format.js";

/** What `x` is called and how one value of it reads, for each kind of axis. */
export const AXES = {
  step: { name: "step", text: (value) => formatNumber(value) },
  time: { name: "time", text: (value) => formatTime(value) },
  relative: { name: "time since start", text: (value) => formatDuration(value) },
};

/** One sentence: how many points, from where to where, the lowest, the highest and the last value. */
export function sentence(series, axis, label = series.name) {
  if (!series.x.length) return `${label}: no points yet.`;
  const { name, text } = AXES[axis];
  const range = extent(series.x, series.y, -Infinity, Infinity);
  const ends = `${text(series.first)} to ${text(series.x[series.x.length - 1])}`;
  const points = series.count === 1 ? "1 point" : `${formatNumber(series.count)} points`;
  if (series.labels.length) return `${label}: ${points}, ${name} ${ends}; last “${series.last}”.`;
  const values = range
    ? `lowest ${formatNumber(range[0])}, highest ${formatNumber(range[1])}, last ${formatNumber(series.last)}`
    : "none of them a finite number";
  return `${label}: ${points}, ${name} ${ends}; ${values}.`;
}

/** That some values lie beyond the value axis, which would flatten the others (see `yRange`). */
export function clippedText({ above, below }) {
  const parts = [[above, "above"], [below, "below"]].filter(([count]) => count);
  const total = above + below;
  return `${parts.map(([count, where]) => `${formatNumber(count)} ${where}`).join(" and ")} the axis ${total === 1 ? "is" : "are"} not drawn.`;
}

export const NOT_ON_LOG_AXIS = "The axis is logarithmic: what is at zero is not drawn.";

/** Return why no point of a chart can be drawn. */
export function emptyReason({ curves, settings: { log, range }, plot }) {
  if (!curves.length) return "Every curve is hidden.";
  if (!curves.some(({ series }) => series.x.at(-1) > plot.x.zero)) return "Nothing beyond zero to draw on a logarithmic axis.";
  if (range) return "No points in this range.";
  return log ? "Nothing above zero to draw on a logarithmic axis." : "No finite value among the points.";
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
