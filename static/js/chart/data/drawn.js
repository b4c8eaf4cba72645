/** Lines and shade that are drawn of a curve. Pure. */

import { extent, firstAtLeast } from "./series.js";

/** Share of points at which a thinned curve turns round, from which on a line through them would be a block of ink. */
const NOISE = 0.4;
const known = new WeakMap();

/**
 * Return {line, faint, shade} of a curve: its smoothed form, else the means of its noise, else its points; faintly what
 * is smoothed; and the range of thinned points or of a group. `line` and `faint` are {x, y}, `shade` is {x, low, high}.
 */
export function drawn(curve) {
  const { series, band, smooth } = curve;
  const raw = band?.mean && isNoisy(series) ? { x: band.x, y: band.mean } : series;
  return { line: smooth ?? raw, faint: smooth ? raw : null, shade: smooth?.low ? smooth : band };
}

/** Return [lowest, highest] of the lines between two x, or null. */
export function drawnRange(curve, from, to, log) {
  const { line, faint } = drawn(curve);
  const found = [line, faint].flatMap((one) => (one ? (extent(one.x, one.y, from, to, log) ?? []) : []));
  return found.length ? [Math.min(...found), Math.max(...found)] : null;
}

/** Return the value of a line at x, between its points on a straight line. */
export function valueAt({ x: xs, y }, x) {
  const i = firstAtLeast(xs, x);
  if (xs[i] === x || i === 0) return y[i];
  if (i === xs.length) return y[i - 1];
  const part = (x - xs[i - 1]) / (xs[i] - xs[i - 1]);
  return y[i - 1] * (1 - part) + y[i] * part;
}

/** Return whether a series turns round so often that its points are noise. */
export function isNoisy(series) {
  const { y } = series;
  const before = known.get(series);
  if (before?.length === y.length) return before.noisy;
  let turns = 0;
  for (let i = 1; i < y.length - 1; i += 1) turns += (y[i] - y[i - 1]) * (y[i + 1] - y[i]) < 0;
  const noisy = turns > NOISE * y.length;
  known.set(series, { length: y.length, noisy });
  return noisy;
}
