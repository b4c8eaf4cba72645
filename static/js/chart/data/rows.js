/** The rows of a chart, for its data table and for CSV. */

import { axisOf } from "../axes.js";
import { nearest } from "./series.js";

/** The heads of the columns. Where a chart has several curves the first column names them. */
export function header({ settings, curves }) {
  const several = curves.length > 1 ? ["curve"] : [];
  const smoothed = settings.smoothing ? ["smoothed"] : [];
  const edges = edged(curves) ? ["low", "high"] : [];
  return [...several, axisOf(settings).heading(settings), "value", ...smoothed, ...edges];
}

/** The points in view, curve by curve; x is a step or Unix seconds. */
export function rows(chart) {
  const { curves, settings } = chart;
  const [from, to] = chart.domain;
  return curves.flatMap((curve) => {
    const { series, label, band, smooth } = curve;
    const before = curves.length > 1 ? [label ?? series.name] : [];
    const hasEdges = edged(curves);
    const lines = [];
    for (const [i, x] of series.x.entries()) {
      if (x < from || x > to) continue;
      const smoothed = settings.smoothing ? [smooth && Number.isFinite(series.y[i]) ? valueAt(smooth, x) : series.value(series.y[i])] : [];
      const edges = hasEdges ? [band.low[i], band.high[i]] : [];
      lines.push([...before, x, series.value(series.y[i]), ...smoothed, ...edges]);
    }
    if (!settings.smoothing || !smooth) return lines;
    // Points and smoothed curve were thinned separately: no value is made up for places that only one of them has.
    for (const [i, x] of smooth.x.entries()) {
      if (x < from || x > to || series.x[nearest(series.x, x)] === x) continue;
      lines.push([...before, x, "", smooth.y[i], ...(hasEdges ? ["", ""] : [])]);
    }
    return lines.sort((a, b) => a[before.length] - b[before.length]);
  });
}

/** Return the value of a line at a place of its own, else nothing. */
function valueAt(line, x) {
  const at = nearest(line.x, x);
  return line.x[at] === x ? line.y[at] : "";
}

/** Whether every curve has a band with an edge at each of its points, as the mean of a group has. */
function edged(curves) {
  return curves.length > 0 && curves.every(({ band, series }) => band?.x === series.x);
}
