/** Small SVG pictures: axes of numbers or of words. */

import { svg } from "../../dom.js";
import { makeScale, padded } from "../scales/scale.js";
import { formatNumber } from "../text/format.js";

/** How wide a picture in `holder` is to be, in CSS pixels. */
export function widthOf(holder) {
  return Math.max(280, Math.min(1200, holder.clientWidth));
}

/** A picture in place of the one in `holder`; `label` says in words what it shows. */
export function picture(holder, width, height, label) {
  holder.querySelector("svg")?.remove();
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "picture" }, holder);
}

/**
 * Scale of one axis, {at: value to pixel, ends: [[pixel, label], …], step: pixels between words, within(from, to): what lies between two pixels, {low,
 * high} or {words}}. Texts are evenly spaced, numbers in them in their order.
 */
export function axisOf({ values, log }, shown, range) {
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
    const [lowest, highest] = [Math.min(...usable), Math.max(...usable)];
    return { at, within, ends: [...new Set([lowest, highest])].map((value) => [scale.at(value), formatNumber(value)]) };
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
  return { at: (value) => place.get(String(value)) ?? null, within, ends, step: Math.abs(step) };
}

/** A word that fits beside an axis. */
export function short(word, most = 14) {
  return word.length > most ? `${word.slice(0, most - 1)}…` : word;
}
