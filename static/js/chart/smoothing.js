/**
 * Smoothing of curves, {method, weight | window | sigma} or null: as text in an address, as query and in words. The
 * server computes it from the data, so that it depends neither on the width of a chart nor on the zoom.
 */

import { gettext } from "../i18n.js";
import { formatNumber } from "./text/format.js";

const AMOUNTS = { ema: "weight", time_ema: "weight", mean: "window", gaussian: "sigma" };
const MOST = { weight: 0.9999, window: 1e15, sigma: 1e15 };
/** Powers of ten at the end of a slider from 0 to 1. */
const DECADES = { window: 3, sigma: 2.5 };

export const METHODS = {
  ema: gettext("EMA"),
  time_ema: gettext("time-weighted EMA"),
  mean: gettext("running mean"),
  gaussian: gettext("Gaussian"),
};

/** Return the smoothing of a method with that weight, window or sigma; null where it changes nothing or is invalid. */
export function makeSmoothing(method, amount) {
  const name = AMOUNTS[method];
  return name && amount > 0 && amount <= MOST[name] ? { method, [name]: amount } : null;
}

/** Return weight, window or sigma of a smoothing; 0 for none. */
export function amountOf(smoothing) {
  return smoothing?.[AMOUNTS[smoothing.method]] ?? 0;
}

/** Parse `0.9` (EMA), `mean:20`, `gaussian:5` or `time_ema:0.9`. */
export function parseSmoothing(text) {
  const [, method = "ema", amount] = /^(?:(\w+):)?([\d.e+-]+)$/.exec(text ?? "") ?? [];
  return makeSmoothing(method, Number(amount));
}

export function smoothingText(smoothing) {
  if (!smoothing) return "";
  return (smoothing.method === "ema" ? "" : `${smoothing.method}:`) + amountOf(smoothing);
}

/** Return a smoothing in words: `EMA 0.9`. */
export function smoothingWords(smoothing) {
  return smoothing ? `${METHODS[smoothing.method]} ${formatNumber(amountOf(smoothing))}` : "";
}

/** Return the query parameters of a smoothing. */
export function smoothingQuery(smoothing) {
  if (!smoothing) return {};
  const { method, ...amounts } = smoothing;
  return { smoothing: method, ...Object.fromEntries(Object.entries(amounts).map(([name, value]) => [`smoothing_${name}`, value])) };
}

/** Return the smoothing of a method at a place of a slider from 0 to 1. */
export function smoothingAt(method, place) {
  const decades = DECADES[AMOUNTS[method]];
  if (!(place > 0)) return null;
  return makeSmoothing(method, decades ? Math.round(10 ** (place * decades)) : place);
}

/** Return the place of a smoothing on such a slider. */
export function placeOf(smoothing) {
  const decades = DECADES[AMOUNTS[smoothing?.method]];
  return decades ? Math.log10(amountOf(smoothing)) / decades : amountOf(smoothing);
}
