/** Polling: only in a visible tab, slower when the user is idle or the server fails, one request at a time. */

const AWAY_AFTER = 120_000;
const AWAY_FACTOR = 5;
const SLOWEST = 30_000;

let moved = Date.now();
for (const sign of ["pointermove", "keydown", "scroll"]) {
  addEventListener(sign, () => (moved = Date.now()), { passive: true, capture: true });
}

/**
 * Call `ask()` (async) every `interval()` milliseconds while the tab is visible.
 * A failed answer makes it wait longer and longer, up to half a minute; `failed(error)` is told, and told null when it
 * is over.
 */
export function poll(ask, interval, failed = () => {}) {
  let timer = 0;
  let failures = 0;
  let underWay = false;

  function wait() {
    clearTimeout(timer);
    if (document.hidden) return;
    const away = Date.now() - moved > AWAY_AFTER ? AWAY_FACTOR : 1;
    timer = setTimeout(turn, Math.min(interval() * away * 2 ** failures, Math.max(SLOWEST, interval())));
  }

  async function turn() {
    if (underWay) return;
    underWay = true;
    try {
      await ask();
      if (failures) failed(null);
      failures = 0;
    } catch (error) {
      failures = Math.min(failures + 1, 5);
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
