/**
 * Refinement of curves towards their beginning, for a logarithmic axis: its first half is the first few points of a
 * run, which evenly spread sampling leaves out. Pure.
 */

import { firstAbove } from "../scales/x_axis.js";
import { Series } from "./series.js";

const SHARE = 10;

/** Whether the server left points out between the beginning and the end of any of these curves. */
export function isThinned(curves) {
  return curves.some(({ series, thinned }) => thinned ?? (series.kind !== "text" && series.count > series.x.length));
}

/** Return the end of the first tenth of the x domain in view. */
export function endOfFirstTenth(zero, to) {
  return zero + (to - zero) / SHARE;
}

/** Each of the `curves` with its points up to `end` from those of `finer` that have the same key. */
export function refined(curves, finer, end) {
  const finerByKey = new Map(finer.map((curve) => [curve.key, curve]));
  return curves.map((curve) => {
    const other = finerByKey.get(curve.key);
    if (!other || curve.series.kind === "text" || other.series.kind !== curve.series.kind) return curve;
    return { ...curve, series: joinedSeries(curve.series, other.series, end), band: joinedBand(curve.band, other.band, end), note: joinedNote(curve, other, end) };
  });
}

/** Texts beside values go by position. */
function joinedNote(curve, other, end) {
  const [upTo, from] = [firstAbove(other.series.x, end), firstAbove(curve.series.x, end)];
  return curve.note && ((at) => (at < upTo ? other.note(at) : curve.note(at - upTo + from)));
}

function joinedSeries(series, other, end) {
  const made = Object.assign(new Series(series.name, series.kind), series, joined(series, other, end, ["x", "y"]));
  if (series.smoothed && other.smoothed) made.smoothed = joined(series.smoothed, other.smoothed, end, ["x", "y"]);
  const before = other.stages.filter(([x]) => x <= end);
  const [, stage] = before.at(-1) ?? [];
  const after = series.stages.filter(([x]) => x > end);
  made.stages = [...before, ...(after[0]?.[1] === stage ? after.slice(1) : after)];
  made.restarts = [...other.restarts.filter((x) => x <= end), ...series.restarts.filter((x) => x > end)];
  return made;
}

/** Where nothing was left out there is no shade. */
function joinedBand(band, other, end) {
  if (!band) return band;
  const mean = band.mean && (!other || other.mean) ? ["mean"] : [];
  return { ...band, ...joined(band, other, end, ["x", "low", "high", ...mean]) };
}

/** Return columns up to `end` from `other`, if there is one, and after it from `line`. */
function joined(line, other, end, names) {
  const [upTo, from] = [other ? firstAbove(other.x, end) : 0, firstAbove(line.x, end)];
  return Object.fromEntries(names.map((name) => [name, [...(other?.[name].slice(0, upTo) ?? []), ...line[name].slice(from)]]));
}
