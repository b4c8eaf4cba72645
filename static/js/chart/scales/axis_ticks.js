/** Labelled ticks of x axes, [{value, label}]: each function takes a domain, how many, and where x is counted from. Pure. */

import { durationLabel, tickLabel, timeLabel } from "../text/format.js";
import { linearTicks, logTicks, timeStep, timeTicks } from "./ticks.js";

/** Durations that people count in, in seconds; below ten of them, powers of ten. */
const SPANS = [10, 60, 600, 3600, 36_000, 86_400, 864_000, 8_640_000];

/** Return the function for numbers at least `least` apart. */
export function numberTicks(least) {
  return ([from, to], count) => {
    const ticks = linearTicks(from, to, count, least);
    const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
    return ticks.map((value) => ({ value, label: tickLabel(value, step) }));
  };
}

export function durationTicks([from, to], count, origin) {
  const step = timeStep(from, to, count);
  return timeTicks(from - origin, to - origin, count).map((after) => ({ value: after + origin, label: durationLabel(after, step) }));
}

export function dayTicks([from, to], count) {
  const step = timeStep(from, to, count);
  const shift = -new Date(from * 1000).getTimezoneOffset() * 60;
  return timeTicks(from, to, count, shift).map((value) => ({ value, label: timeLabel(value, step) }));
}

/** Powers of ten, for a logarithmic axis. */
export function powerTicks([from, to], count, zero) {
  return logTicks(from - zero, to - zero, count).map((value) => ({ value: value + zero, label: tickLabel(value, value) }));
}

/** Round durations for a logarithmic axis, each about ten times the one before. */
export function spanTicks([low, high], count, zero) {
  const [from, to] = [low - zero, high - zero];
  const ticks = [...logTicks(Math.min(from, 5), 5, 100).filter((value) => Number.isInteger(Math.log10(value))), ...SPANS];
  const inside = ticks.filter((value) => value >= from && value <= to);
  const every = Math.ceil(inside.length / Math.max(2, count));
  return inside.filter((_, i) => i % every === 0).map((after) => ({ value: after + zero, label: durationLabel(after, after) }));
}
