/** Times as people say them, with the exact one on hover; the same words as the server's filter `ago`. */

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

function refresh() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[data-ts]")) {
    const stamp = Number(time.dataset.ts);
    const text = "running" in time.dataset ? formatDuration(Math.max(0, Date.now() / 1000 - stamp)) : ago(stamp);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = formatTime(stamp);
  }
}

/** Refresh every time on the page now and once a second, while the page is visible. */
export function keepTimesFresh() {
  refresh();
  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
}
