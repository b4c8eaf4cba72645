/** The rows of a chart, for its data table and for CSV. */

import { valueAt } from "./drawn.js";

/** The heads of the columns. Where a chart has several curves the first column names them. */
export function header({ settings, curves }) {
  const several = curves.length > 1 ? ["curve"] : [];
  const smoothed = settings.smoothing ? ["smoothed"] : [];
  const edges = edged(curves) ? ["low", "high"] : [];
  return [...several, { step: "step", metric: settings.xMetric }[settings.axis] ?? "time", "value", ...smoothed, ...edges];
}

/** The points in view, curve by curve; x is a step or Unix seconds. */
export function rows(chart) {
  const { curves, settings } = chart;
  const [from, to] = chart.domain;
  return curves.flatMap((curve) => {
    const { series, label, band, smooth } = curve;
    const before = curves.length > 1 ? [label ?? series.name] : [];
    const found = [];
    for (const [i, x] of series.x.entries()) {
      if (x < from || x > to) continue;
      const smoothed = settings.smoothing ? [smooth && Number.isFinite(series.y[i]) ? valueAt(smooth, x) : series.value(series.y[i])] : [];
      const edges = edged(curves) ? [band.low[i], band.high[i]] : [];
      found.push([...before, x, series.value(series.y[i]), ...smoothed, ...edges]);
    }
    return found;
  });
}

/** Whether every curve has a band with an edge at each of its points, as the mean of a group has. */
function edged(curves) {
  return curves.length > 0 && curves.every(({ band, series }) => band?.x === series.x);
}
