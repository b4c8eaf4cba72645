/** Signals between the list of runs and the charts beside it. */

/** Ask for newer rows now. */
export function refreshRuns() {
  document.dispatchEvent(new Event("refresh-runs"));
}

/** Say that the rows on the page are newer. */
export function announceRows() {
  document.dispatchEvent(new Event("rows"));
}
