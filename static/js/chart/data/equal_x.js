/** Points of equal x (steps of an epoch, a plateau of a schedule) as one point: their mean, and their range as a band. Pure. */

import { numbers } from "./series.js";

/** Kinds whose values have no mean: the last one counts. */
const LAST = new Set(["text", "bool"]);

/**
 * Return a curve of the server's answer, x ascending, with one point for each x. The mean is that of all points where the
 * band of a thinned curve has it. `firstSteps` and `steps` are the first and the last step of each point.
 */
export function mergeEqual(part) {
  const { x } = part;
  const starts = [...x.keys()].filter((i) => i === 0 || x[i] !== x[i - 1]);
  const smoothed = part.smoothed && meansOf(part.smoothed);
  if (starts.length === x.length) return smoothed === part.smoothed ? part : { ...part, smoothed };
  const ends = starts.map((_, k) => (starts[k + 1] ?? x.length) - 1);
  const y = numbers(part.y, part.special);
  const places = new Map(starts.flatMap((start, k) => Array.from({ length: ends[k] - start + 1 }, (_, i) => [start + i, k])));
  const moved = { x: starts.map((i) => x[i]), stages: (part.stages ?? []).map(([i, stage]) => [places.get(i), stage]), back: (part.back ?? []).map((i) => places.get(i)) };
  if (part.steps) Object.assign(moved, { steps: ends.map((i) => part.steps[i]), firstSteps: starts.map((i) => part.steps[i]) });
  if (LAST.has(part.kind)) return { ...part, ...moved, y: ends.map((i) => y[i]), special: [], band: undefined, smoothed };
  const all = part.band?.mean ? byX(part.band) : new Map();
  const merged = starts.map((start, k) => merge(y.slice(start, ends[k] + 1), all.get(x[start]), part.band?.noise));
  const [mean, low, high] = [0, 1, 2].map((i) => merged.map((values) => values[i]));
  // The x of the band are those of the points: tables and files then have both.
  return { ...part, ...moved, y: mean, special: [], band: { x: moved.x, low, high }, smoothed };
}

/** Return [mean, lowest, highest] of the points of one x; `edges` are those of a band there. */
function merge(values, edges, isNoise) {
  const finite = values.filter(Number.isFinite);
  if (!finite.length) return [values.at(-1), NaN, NaN];
  const means = (edges ?? []).map(({ mean }) => mean).filter(Number.isFinite);
  const all = isNoise ? [...finite, ...edges.flatMap(({ low, high }) => [low, high]).filter(Number.isFinite)] : finite;
  return [meanOf(means.length ? means : finite), Math.min(...all), Math.max(...all)];
}

function byX({ x, low, high, mean }) {
  return grouped(x.map((at, i) => ({ low: low[i], high: high[i], mean: mean[i] })), x);
}

/** Return the values of each x by x. */
function grouped(values, x) {
  const groups = new Map();
  for (const [i, at] of x.entries()) {
    if (!groups.has(at)) groups.set(at, []);
    groups.get(at).push(values[i]);
  }
  return groups;
}

/** Return columns with the mean of equal x. */
function meansOf(columns) {
  const { x } = columns;
  if (x.every((at, i) => i === 0 || at !== x[i - 1])) return columns;
  const means = [...grouped(columns.y, x)].map(([at, values]) => [at, meanOf(values.filter(Number.isFinite))]);
  return { ...columns, x: means.map(([at]) => at), y: means.map(([, mean]) => mean) };
}

/** Return the mean of finite numbers, however large; NaN of none. */
function meanOf(values) {
  if (!values.length) return NaN;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Number.isFinite(mean) ? mean : values.reduce((sum, value) => sum + value / values.length, 0);
}
