/** Format numbers, times and durations, by the same rules as the server's pages. */

import { gettext } from "../../i18n.js";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** A value with five significant digits: 0.12346, 1,234.5, 1.2e-7; words for what is no finite number. */
export function formatNumber(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e9) return signed(Number(value.toPrecision(5)).toExponential());
  if (Number.isInteger(value)) return signed(grouped(value));
  return signed(size >= 1e5 ? grouped(Math.round(value)) : grouped(Number(value.toPrecision(5))));
}

/** A value with its unit, if it is a number and has one. */
export function withUnit(value, unit) {
  const text = formatNumber(value);
  return unit && Number.isFinite(value) ? `${text}\u202f${unit}` : text;
}

/** Format the values of a column so that their points are aligned at a right edge, like `aligned` in runs/pages/table/values.py. */
export function alignNumbers(values) {
  const texts = values.map(formatNumber);
  const places = texts.map((text, i) => (typeof values[i] === "number" && /^[^e]*\d$/.test(text) ? (text.split(".")[1] ?? "").length : -1));
  const most = Math.max(0, ...places);
  return texts.map((text, i) => {
    if (places[i] < 0 || !most) return text;
    const significant = values[i] ? 4 - Math.floor(Math.log10(Math.abs(values[i]))) : most;
    const digits = Math.max(places[i], Math.min(most, significant));
    const point = places[i] ? "" : digits > 0 ? "." : "\u2008";
    return text + point + "0".repeat(digits - places[i]) + "\u2007".repeat(most - digits);
  });
}

function grouped(value) {
  const [whole, rest] = String(value).split(".");
  const parts = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest ? `${parts}.${rest}` : parts;
}

function signed(text) {
  return text.replace("e+", "e").replace(/^-/, "−");
}

/** A tick's label, short: 12k, 2.5M, 1e-7; as many decimals as the ticks need to differ by `step`. */
export function tickLabel(value, step) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e12) {
    const digits = 1 + Math.floor(Math.log10(size)) - Math.floor(Math.log10(step) + 1e-9);
    return signed(Number(value.toPrecision(Math.max(4, Math.min(15, digits)))).toExponential());
  }
  const [unit, suffix] = size >= 1e9 ? [1e9, "G"] : size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : [1, ""];
  const decimals = Math.max(0, Math.min(12, -Math.floor(Math.log10(step / unit) + 1e-9)));
  return signed(suffix ? String(Number((value / unit).toFixed(decimals))) + suffix : grouped(value.toFixed(decimals)));
}

/** Seconds as `850 ms`, `12 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`. */
export function formatDuration(seconds) {
  if (seconds < 0) return `−${formatDuration(-seconds)}`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < MINUTE) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ${Math.floor(seconds % MINUTE)} s`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ${pad(Math.floor((seconds % HOUR) / MINUTE))} min`;
  return `${Math.floor(seconds / DAY)} d ${Math.floor((seconds % DAY) / HOUR)} h`;
}

/** A duration as an axis label, exact at a round tick: 0, 30s, 5m, 1h30m, 2d. */
export function durationLabel(seconds, step) {
  if (seconds === 0) return "0";
  if (step < 1) return `${tickLabel(seconds, step)}s`;
  const sign = seconds < 0 ? "−" : "";
  let rest = Math.round(Math.abs(seconds));
  const parts = [];
  for (const [unit, name] of [[DAY, "d"], [HOUR, "h"], [MINUTE, "m"], [1, "s"]]) {
    if (rest >= unit) parts.push(Math.floor(rest / unit) + name);
    rest %= unit;
  }
  return sign + parts.slice(0, 2).join("");
}

function pad(number) {
  return String(number).padStart(2, "0");
}

/** Format a time as an axis label: a date for ticks of days, otherwise the time of day as precise as `step` needs. */
export function timeLabel(seconds, step) {
  const decimals = step < 1 ? Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)) : 0;
  const exact = Number(seconds.toFixed(decimals));
  const date = new Date(exact * 1000);
  if (step >= DAY) {
    const month = date.toLocaleString(document.documentElement.lang || "en", { month: "short" });
    return gettext("{day} {month}", { day: date.getDate(), month });
  }
  const minutes = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  if (decimals) return `${pad(date.getMinutes())}:${(exact % MINUTE).toFixed(decimals).padStart(decimals + 3, "0")}`;
  return step >= MINUTE ? minutes : `${minutes}:${pad(date.getSeconds())}`;
}

/** A moment in full, local time: 2026-11-24 16:39:02. */
export function formatTime(seconds) {
  const date = new Date(seconds * 1000);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}
