/** Lines and shade that are drawn of a curve. Pure. */

import { extent, firstAtLeast } from "./series.js";

/**
 * Return {line, faint, shade} of a curve: its smoothed form, else the means of its noise, else its points; faintly what
 * is smoothed; and the range of thinned points or of a group. `line` and `faint` are {x, y}, `shade` is {x, low, high}.
 */
export function drawn(curve) {
  const { series, band, smooth } = curve;
  const raw = band?.noise ? meansOf(series, band) : series;
  return { line: smooth ?? raw, faint: smooth ? raw : null, shade: smooth?.low ? smooth : band };
}

/** Return the means of noise; on a logarithmic axis all points before them are there. */
function meansOf(series, band) {
  const start = firstAtLeast(series.x, band.x[0]);
  if (!start) return { x: band.x, y: band.mean };
  return { x: [...series.x.slice(0, start), ...band.x], y: [...series.y.slice(0, start), ...band.mean] };
}

/** Return [lowest, highest] of the lines between two x, or null. */
export function drawnRange(curve, from, to, log) {
  const { line, faint } = drawn(curve);
  const ends = [line, faint].flatMap((part) => (part ? (extent(part.x, part.y, from, to, log) ?? []) : []));
  return ends.length ? [Math.min(...ends), Math.max(...ends)] : null;
}
