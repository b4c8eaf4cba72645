/** The series of a run. */

import { isTimeOnly, SOURCES } from "../chart/axes.js";
import { requestJson } from "../http.js";

/** The series behind an address: the name of each, and whether it has times and no steps. */
export async function seriesOf(address) {
  const metrics = new Map();
  for (const x of SOURCES) {
    const answer = await requestJson(`${address}?points=4&x=${x}`).catch(() => null);
    for (const { name } of answer?.series ?? []) {
      if (!metrics.has(name)) metrics.set(name, isTimeOnly(x));
    }
  }
  return metrics;
}
