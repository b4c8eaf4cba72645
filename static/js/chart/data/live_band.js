/** The range and the mean of noise, while points are added to it. Pure. */

import { firstAtLeast } from "./series.js";

/** Add ascending points to a band with means: one more edge for as much of x as an edge of the band stands for. */
export function extendBand(band, x, y) {
  const { length } = band.x;
  band.width ??= (band.x[length - 1] - band.x[0]) / Math.max(1, length - 1);
  for (let i = 0; i < x.length; i += 1) if (Number.isFinite(y[i])) put(band, x[i], y[i]);
}

function put(band, x, y) {
  let { open } = band;
  if (!open || x - open.from > band.width) {
    open = band.open = { from: x, at: firstAtLeast(band.x, x), sum: 0, count: 0, low: y, high: y };
  }
  open.sum += y;
  open.count += 1;
  Object.assign(open, { low: Math.min(open.low, y), high: Math.max(open.high, y) });
  band.x[open.at] = x;
  band.low[open.at] = open.low;
  band.high[open.at] = open.high;
  band.mean[open.at] = open.sum / open.count;
}
