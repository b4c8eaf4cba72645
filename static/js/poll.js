/** Polling: only in a visible tab, slower when the user is idle or the server fails, one request at a time. */

import { gettext } from "./i18n.js";

const AWAY_AFTER = 120_000;
const AWAY_FACTOR = 5;
const SLOWEST = 30_000;
/** Milliseconds between attempts to reach a server that is down: they cost it nothing, and people wait for it. */
const DOWN_PAUSE = 1500;
/** Statuses of a proxy, or of a server that is not ready. */
const DOWN = new Set([0, 502, 503, 504]);

/** Whether the link of a shared page was revoked or has expired: its page is not asked for again. */
export const isLinkGone = (error) => error.status === 404 && "shared" in document.body.dataset;
export const LINK_GONE = gettext("This link is no longer available.");

let moved = Date.now();
for (const sign of ["pointermove", "keydown", "scroll"]) {
  addEventListener(sign, () => (moved = Date.now()), { passive: true, capture: true });
}

/**
 * Call `ask()` (async) every `interval()` milliseconds while the tab is visible.
 * A failed answer makes it wait longer and longer, up to half a minute, unless the server is down; `failed(error)` is
 * told, and told null when it is over, with the event `reconnected`. It stops when the link of a shared page is gone.
 */
export function poll(ask, interval, failed = () => {}) {
  let timer = 0;
  let failures = 0;
  let isDown = false;
  let isGone = false;
  let underWay = false;

  function wait() {
    clearTimeout(timer);
    if (document.hidden || isGone) return;
    const away = Date.now() - moved > AWAY_AFTER ? AWAY_FACTOR : 1;
    const pause = Math.min(interval() * away * 2 ** failures, Math.max(SLOWEST, interval()));
    // By lot, so that many pages do not come back in the same moment.
    timer = setTimeout(turn, isDown ? DOWN_PAUSE * (0.6 + Math.random() * 0.4) : pause);
  }

  async function turn() {
    if (underWay) return;
    underWay = true;
    try {
      await ask();
      const isBack = failures > 0;
      failures = 0;
      isDown = isGone = false;
      if (isBack) failed(null);
      if (isBack) document.dispatchEvent(new Event("reconnected"));
    } catch (error) {
      failures = Math.min(failures + 1, 5);
      isDown = DOWN.has(error.status);
      isGone = isLinkGone(error);
      failed(error);
    } finally {
      underWay = false;
      wait();
    }
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : turn()));
  wait();
  return turn;
}
