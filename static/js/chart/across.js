/** The axis along which a run goes: what it spans, what of it a logarithm has, where it is labelled. Pure. */

import { firstAtLeast } from "./data.js";
import { durationLabel, tickLabel, timeLabel } from "./format.js";
import { linearTicks, logTicks, timeStep, timeTicks } from "./ticks.js";

/** Durations that people count in, in seconds; below ten of them, powers of ten. */
const SPANS = [10, 60, 600, 3600, 36_000, 86_400, 864_000, 8_640_000];

/** Where a logarithmic axis has its zero: nothing at it or before it can be drawn. Null where the axis is none. */
export function zeroOf({ axis, logx, origin }) {
  if (!logx || axis === "time") return null;
  return axis === "relative" ? origin : 0;
}

/** What is in view: the range that was zoomed to, or from the first to the last point, as far as it can be drawn. */
export function domainOf(curves, settings) {
  const zero = zeroOf(settings);
  const whole = wholeDomain(curves, zero);
  if (!settings.range) return whole;
  const [from, to] = settings.range;
  if (zero === null || from > zero) return settings.range;
  return to > whole[0] ? [whole[0], to] : whole;
}

/** From the first point, of those behind `zero` if there is one, to the last of all curves; a single one gets room. */
export function wholeDomain(curves, zero = null) {
  let low = Infinity;
  let high = -Infinity;
  for (const { series } of curves) {
    const start = zero === null ? 0 : firstBehind(series.x, zero);
    if (start >= series.x.length) continue;
    low = Math.min(low, series.x[start]);
    high = Math.max(high, series.x[series.x.length - 1]);
  }
  if (!(low <= high)) return zero === null ? [0, 1] : [zero + 1, zero + 10];
  if (low < high) return [low, high];
  return zero === null ? [low - 0.5, low + 0.5] : [zero + (low - zero) / 2, zero + (low - zero) * 2];
}

/** The index of the first x that is more than `zero`, or the length. */
export function firstBehind(x, zero) {
  let at = firstAtLeast(x, zero);
  while (x[at] === zero) at += 1;
  return at;
}

/** Labelled places along the axis, about `count` of them. */
export function ticksAcross(domain, settings, count) {
  const zero = zeroOf(settings);
  if (zero === null || (domain[1] - zero) / (domain[0] - zero) < 10) return evenTicks(domain, settings, count);
  const [from, to] = domain.map((end) => end - zero);
  if (settings.axis === "step") return logTicks(from, to, count).map((value) => ({ value, label: tickLabel(value, value) }));
  return spanTicks(from, to, count).map((after) => ({ value: after + zero, label: durationLabel(after, after) }));
}

function evenTicks([from, to], settings, count) {
  if (settings.axis === "step") {
    const ticks = linearTicks(from, to, count, 1);
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
