/** Coming back to the table: the scroll position, the focused row and the selection are as they were left. */

import { keep, kept } from "../shared/kept.js";

const PLACE = ["runicorn.place", "sessionStorage"];
const SCROLLED = ["#picked.scroll", "#picked .list-rows", "#panel"];

function save(picks) {
  const row = document.activeElement?.closest("#runs tr[id]");
  const at = SCROLLED.map((selector) => document.querySelector(selector)?.scrollTop ?? 0);
  keep(PLACE[0], { address: location.href, at, focus: row?.id ?? null, picked: [...picks.ids] }, PLACE[1]);
}

/** Restore the place that was left, if the page is opened by the Back button, and remember it when it is left. */
export function returnToPlace(picks) {
  addEventListener("pagehide", () => save(picks));
  const place = kept(...PLACE);
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation?.type !== "back_forward" || place?.address !== location.href) return;
  picks.choose(place.picked);
  document.getElementById(place.focus)?.querySelector("a.name")?.focus({ preventScroll: true });
  SCROLLED.forEach((selector, i) => document.querySelector(selector)?.scrollTo({ top: place.at[i], behavior: "instant" }));
}
