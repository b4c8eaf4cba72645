/** Range of the value axis: all values in view, or without outliers that would flatten the rest. */

import { drawn } from "../data/drawn.js";
import { firstAtLeast } from "../data/series.js";
import { kindsOf } from "../kinds/kinds.js";
import { padded } from "./scale.js";

const TAIL = 0.05;
const FLATTENED = { linear: 100, log: 20 };
const CONSTANT = 1e6;
const FEWEST = 8;
const LOOKED_AT = 4000;

/**
 * The value axis for `curves` between `from` and `to`: `{domain, whole, cut}`, or null without a finite value.
 * `settings.spread`: "all" shows every value, "core" leaves the outer twentieths out, anything else does so only where
 * they would flatten the rest. `cut` counts what is left out, {above, below, highest, lowest}; null when it is nothing.
 */
export function yRange(curves, [from, to], { log, spread }) {
  const whole = valueRange(curves, from, to, log);
  if (!whole) return null;
  const core = spread === "all" ? null : robustRange(values(curves, from, to, log), whole, log, spread === "core");
  const domain = padded(...(core ?? whole), log);
  return { domain, whole, cut: core && outside(curves, from, to, domain, log) };
}

function valueRange(curves, from, to, log) {
  const extremes = curves.flatMap((curve) => kindsOf(curve).flatMap((kind) => kind.range(curve, from, to, log) ?? []));
  return extremes.length ? [Math.min(...extremes), Math.max(...extremes)] : null;
}

/** Finite values in view of all lines, ascending; of very many every nth. */
function values(curves, from, to, log) {
  const lines = curves.flatMap((curve) => (curve.smooth ? [curve.series, drawn(curve).line] : [curve.series]));
  const total = lines.reduce((sum, { x }) => sum + x.length, 0);
  const every = Math.max(1, Math.floor(total / LOOKED_AT));
  const finite = [];
  for (const { x, y } of lines) {
    for (let i = firstAtLeast(x, from); i < x.length && x[i] <= to; i += every) {
      const value = y[i];
      if (Number.isFinite(value) && !(log && value <= 0)) finite.push(value);
    }
  }
  return Float64Array.from(finite).sort();
}

/** Return [low, high] of the values between the outer twentieths plus a quarter of their span, or null to show everything. */
function robustRange(sorted, whole, log, always = false) {
  if (sorted.length < FEWEST) return null;
  const left = Math.max(1, Math.floor(sorted.length * TAIL));
  const scale = log ? Math.log10 : (value) => value;
  const back = log ? (value) => 10 ** value : (value) => value;
  const [low, high] = [scale(sorted[left]), scale(sorted[sorted.length - 1 - left])];
  const [lowest, highest] = whole.map(scale);
  // Halves, because the whole may be beyond the largest float.
  const [inner, outer] = [high / 2 - low / 2, highest / 2 - lowest / 2];
  // What hardly ever differs from a constant is a story of its own: only the absurd is left out of it.
  const flattened = inner > 0 ? outer / inner >= FLATTENED[log ? "log" : "linear"] : outer / Math.max(Math.abs(low), 1) >= CONSTANT;
  if (!flattened && !(always && inner > 0)) return null;
  return [back(Math.max(lowest, low - inner / 2)), back(Math.min(highest, high + inner / 2))];
}

function outside(curves, from, to, [low, high], log) {
  const cut = { above: 0, below: 0, highest: -Infinity, lowest: Infinity };
  for (const { series } of curves) {
    for (let i = firstAtLeast(series.x, from); i < series.x.length && series.x[i] <= to; i += 1) {
      const value = series.y[i];
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      cut.above += Number(value > high);
      cut.below += Number(value < low);
      cut.highest = Math.max(cut.highest, value);
      cut.lowest = Math.min(cut.lowest, value);
    }
  }
  return cut.above || cut.below ? cut : null;
}
