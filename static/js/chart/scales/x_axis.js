/** The x axis: domain, logarithmic origin and ticks. Pure. */

import { axisOf } from "../axes.js";
import { firstAtLeast } from "../data/series.js";

/** Return the x that a logarithmic axis counts from (only points above it are drawn), or null for a linear axis. */
export function logOrigin(settings) {
  const axis = axisOf(settings);
  return settings.logx && axis.hasLog ? axis.origin(settings) : null;
}

/** Return the x domain in view: the zoomed range, or first to last point, without what a log axis cannot show. */
export function xDomain(curves, settings) {
  const zero = logOrigin(settings);
  const whole = fullDomain(curves, zero);
  if (!settings.range) return whole;
  const [from, to] = settings.range;
  if (zero === null || from > zero) return settings.range;
  return to > whole[0] ? [whole[0], to] : whole;
}

/** Return [first, last] x of all curves (above `zero` unless it is null), widened around a single point. */
export function fullDomain(curves, zero = null) {
  let low = Infinity;
  let high = -Infinity;
  for (const { series } of curves) {
    const start = zero === null ? 0 : firstAbove(series.x, zero);
    if (start >= series.x.length) continue;
    low = Math.min(low, series.x[start]);
    high = Math.max(high, series.x[series.x.length - 1]);
  }
  if (!(low <= high)) return zero === null ? [0, 1] : [zero + 1, zero + 10];
  if (low < high) return [low, high];
  return zero === null ? [low - 0.5, low + 0.5] : [zero + (low - zero) / 2, zero + (low - zero) * 2];
}

/** The index of the first x that is more than `zero`, or the length. */
export function firstAbove(x, zero) {
  let at = firstAtLeast(x, zero);
  while (x[at] === zero) at += 1;
  return at;
}

/** The index of the point before the first in view, so that a line enters from it; unless it has no place on the axis. */
export function firstVisible(xs, { domain, zero }) {
  return Math.max(firstAbove(xs, zero), firstAtLeast(xs, domain[0]) - 1);
}

/** Return about `count` labelled ticks of the x axis. */
export function xAxisTicks(domain, settings, count) {
  const [axis, zero] = [axisOf(settings), logOrigin(settings)];
  const isLog = zero !== null && (domain[1] - zero) / (domain[0] - zero) >= 10;
  return (isLog ? axis.logTicks : axis.ticks)(domain, count, axis.origin(settings));
}

/** Curves from which each has fewer points: they cover each other, and an interval is two or more pixels wide. */
const [FEW, MANY, FEWER] = [3, 20, 5 / 8];

/** Return what is asked for of each of several curves on a chart so many pixels wide: `{pixels}` or `{points}`. */
export function resolutionOfEach(pixels, curves) {
  if (curves <= FEW) return { pixels };
  return { points: Math.floor(pixels * (curves > MANY ? FEWER : 1)) };
}

/** Return for how many pixels the points of a chart of that width are asked for. */
export function pixelsFor(width) {
  return Math.min(2000, Math.max(400, Math.ceil(width / 100) * 100));
}
