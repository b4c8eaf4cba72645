/** The x axis: domain, logarithmic origin and ticks. Pure. */

import { firstAtLeast } from "../data/series.js";
import { durationLabel, tickLabel, timeLabel } from "../text/format.js";
import { linearTicks, logTicks, timeStep, timeTicks } from "./ticks.js";

/** Durations that people count in, in seconds; below ten of them, powers of ten. */
const SPANS = [10, 60, 600, 3600, 36_000, 86_400, 864_000, 8_640_000];

/** Return the x that a logarithmic axis counts from (only points above it are drawn), or null for a linear axis. */
export function logOrigin({ axis, logx, origin }) {
  if (!logx || axis === "time") return null;
  return axis === "relative" ? origin : 0;
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
  const zero = logOrigin(settings);
  if (zero === null || (domain[1] - zero) / (domain[0] - zero) < 10) return evenTicks(domain, settings, count);
  const [from, to] = domain.map((end) => end - zero);
  if (isCount(settings)) return logTicks(from, to, count).map((value) => ({ value, label: tickLabel(value, value) }));
  return spanTicks(from, to, count).map((after) => ({ value: after + zero, label: durationLabel(after, after) }));
}

/** Whether x is a number rather than a time. */
function isCount({ axis }) {
  return axis === "step" || axis === "metric";
}

function evenTicks([from, to], settings, count) {
  if (isCount(settings)) {
    const ticks = linearTicks(from, to, count, settings.axis === "step" ? 1 : 0);
    const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
    return ticks.map((value) => ({ value, label: tickLabel(value, step) }));
  }
  const step = timeStep(from, to, count);
  if (settings.axis === "time") {
    const shift = -new Date(from * 1000).getTimezoneOffset() * 60;
    return timeTicks(from, to, count, shift).map((value) => ({ value, label: timeLabel(value, step) }));
  }
  const { origin } = settings;
  return timeTicks(from - origin, to - origin, count).map((after) => ({
    value: after + origin,
    label: durationLabel(after, step),
  }));
}

/** Round durations between two, each about ten times the one before. */
function spanTicks(from, to, count) {
  const found = [...logTicks(Math.min(from, 5), 5, 100).filter((value) => Number.isInteger(Math.log10(value))), ...SPANS];
  const inside = found.filter((value) => value >= from && value <= to);
  const every = Math.ceil(inside.length / Math.max(2, count));
  return inside.filter((_, i) => i % every === 0);
}
