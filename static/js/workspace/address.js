/** Choices on the workspace beside the settings of the charts; the address contains them. */

import { withParameters } from "../shared/query.js";

const BANDS = ["std", "sem", "min-max", "p25-p75", "p10-p90"];
const DIFFERENCES = ["absolute", "relative"];
/** All runs that match instead of the visible ones. */
export const MATCHES = "matches";

/** Return the choices in an address; invalid ones count as missing. */
export function readChoice(search) {
  const query = new URLSearchParams(search);
  const band = query.get("band");
  return {
    runs: query.getAll("runs").join(",").split(",").filter(Boolean),
    of: query.get("of") === MATCHES ? MATCHES : "",
    diff: DIFFERENCES.includes(query.get("diff")) ? query.get("diff") : "",
    show: query.getAll("show"),
    hide: query.getAll("hide"),
    solo: query.get("solo") ?? "",
    group: query.get("group") ?? "",
    band: BANDS.includes(band) ? band : BANDS[0],
    tab: query.get("tab") ?? "charts",
    metric: query.get("metric") ?? "",
    key: query.get("key") ?? "",
    keylog: query.get("keylog") === "1",
    media: query.get("media") ?? "",
    steps: query.get("steps") ?? "",
  };
}

/** The parameters of a choice, without the runs that the list is limited to. */
export const CHOICE_PARAMETERS = Object.keys(readChoice("")).filter((name) => name !== "runs");

/** Return the address of choices; defaults are left out, and other parameters stay. */
export function writeChoice(search, { runs, of, diff, show, hide, solo, group, band, tab, metric, key, keylog, media, steps }) {
  const usual = { band: band === BANDS[0] ? "" : band, tab: tab === "charts" ? "" : tab, keylog: keylog ? "1" : "" };
  return withParameters(search, { runs: runs.join(","), of, diff, solo, group, metric, key, ...usual, media, steps, show, hide });
}
