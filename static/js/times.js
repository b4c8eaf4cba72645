/** Times in the zone of the browser: relative, with the exact one on hover; the same words as the server's filter `ago`. */

import { formatDuration, formatTime } from "./chart/text/format.js";
import { gettext } from "./i18n.js";

const EVERY = 1000;

/** `just now`, `42 s ago`, `5 min ago`, `3 h ago`, `2 d ago`, then the date. */
export function ago(seconds, now = Date.now() / 1000) {
  const past = now - seconds;
  if (past < 0) return formatTime(seconds);
  if (past < 5) return gettext("just now");
  if (past < 60) return gettext("{n} s ago", { n: Math.floor(past) });
  if (past < 3600) return gettext("{n} min ago", { n: Math.floor(past / 60) });
  if (past < 86400) return gettext("{n} h ago", { n: Math.floor(past / 3600) });
  if (past < 30 * 86400) return gettext("{n} d ago", { n: Math.floor(past / 86400) });
  return formatTime(seconds).slice(0, 10);
}

/** A time in full with its offset: 2026-11-24 16:39:02 UTC+01:00. */
function exactTime(seconds) {
  const offset = -new Date(seconds * 1000).getTimezoneOffset();
  const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60].map((part) => String(part).padStart(2, "0"));
  return `${formatTime(seconds)} UTC${offset < 0 ? "−" : "+"}${hours}:${minutes}`;
}

/** The text of a `time`: how long it runs, the time of day (the date if it is older), or how long ago it was. */
function words({ dataset }, stamp) {
  const past = Date.now() / 1000 - stamp;
  if ("running" in dataset) return formatDuration(Math.max(0, past));
  if ("clock" in dataset) return past < 43200 ? formatTime(stamp).slice(11, 16) : formatTime(stamp).slice(0, 16);
  return ago(stamp);
}

/** Say once which zone that is. */
function sayZone() {
  for (const place of document.querySelectorAll("[data-zone]")) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    place.textContent = gettext("Times are in the time zone of this browser: {zone}.", { zone });
    place.hidden = false;
  }
}

function refresh() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[data-ts]")) {
    const stamp = Number(time.dataset.ts);
    const text = words(time, stamp);
    if (time.textContent !== text) time.textContent = text;
    const exact = exactTime(stamp);
    if (time.title !== exact) time.title = exact;
  }
}

/** Refresh every time on the page now and once a second, while the page is visible. */
export function keepTimesFresh() {
  sayZone();
  refresh();
  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
}
