/** Axes of small pictures: of numbers, or of words in their order. */

import { formatNumber } from "../text/format.js";
import { makeScale, padded } from "./scale.js";
import { linearTicks, logTicks } from "./ticks.js";

/** Labels of an axis of numbers, about; values that are labelled themselves, at most; pixels between two labels, at least. */
const [TICKS, FEW, NEAREST] = [5, 4, 24];

/**
 * Scale of one axis, {at: value to pixel, ends and ticks: [[pixel, label], …], step: pixels between words, within(from, to): what lies between two pixels, {low,
 * high} or {words}}. Texts are evenly spaced, numbers in them in their order.
 */
export function axisOf({ values, log }, shown, range, isSetting = false) {
  const there = shown.map(({ i }) => values[i]).filter((value) => value !== null);
  if (there.length && there.every((value) => typeof value === "number")) {
    const usable = log ? there.filter((value) => value > 0) : there;
    const domain = padded(Math.min(...usable), Math.max(...usable), log);
    const scale = makeScale(domain, range, log);
    const at = (value) => (typeof value !== "number" || (log && value <= 0) ? null : scale.at(value));
    const within = (...pixels) => {
      const [low, high] = pixels.map(scale.invert).sort((a, b) => a - b);
      return { low, high };
    };
    const labelled = (numbers) => numbers.map((value) => [scale.at(value), formatNumber(value)]);
    const distinct = [...new Set(usable)];
    const ends = labelled([...new Set([Math.min(...usable), Math.max(...usable)])]);
    // Few settings, such as sizes of batches, are labelled themselves.
    const ticks = labelled(isSetting && distinct.length <= FEW ? distinct : (log ? logTicks : linearTicks)(...domain, TICKS));
    return { at, within, ends, ticks: apart(ticks) };
  }
  const words = [...new Set(there.map(String))].sort(new Intl.Collator("en", { numeric: true }).compare);
  const step = (range[1] - range[0]) / (words.length + 1);
  const place = new Map(words.map((word, i) => [word, range[0] + step * (i + 1)]));
  const every = Math.ceil(words.length / 12);
  const ends = [...place].filter((_, i) => i % every === 0).map(([word, at]) => [at, short(word)]);
  const within = (...pixels) => {
    const [first, last] = pixels.sort((a, b) => a - b);
    return { words: words.filter((word) => place.get(word) >= first && place.get(word) <= last) };
  };
  return { at: (value) => place.get(String(value)) ?? null, within, ends, ticks: ends, step: Math.abs(step) };
}

/** Leave out labels that are too near to the one before them. */
function apart(ticks) {
  const ordered = ticks.toSorted(([a], [b]) => a - b);
  return ordered.reduce((kept, tick) => (kept.length && tick[0] - kept.at(-1)[0] < NEAREST ? kept : [...kept, tick]), []);
}

/** A word that fits beside an axis. */
export function short(word, most = 14) {
  return word.length > most ? `${word.slice(0, most - 1)}…` : word;
}
