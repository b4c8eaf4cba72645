/** Choices on the workspace beside the settings of the charts; the address contains them. */

const BANDS = ["p25-p75", "p10-p90", "min-max"];

/** Return the choices in an address; invalid ones count as missing. */
export function readChoice(search) {
  const query = new URLSearchParams(search);
  const band = query.get("band");
  return {
    runs: query.getAll("runs").join(",").split(",").filter(Boolean),
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
export function writeChoice(search, { runs, show, hide, solo, group, band, tab, metric, key, keylog, media, steps }) {
  const query = new URLSearchParams(search);
  const usual = { band: band === BANDS[0] ? "" : band, tab: tab === "charts" ? "" : tab, keylog: keylog ? "1" : "" };
  const wanted = { runs: runs.join(","), solo, group, metric, key, ...usual, media, steps };
  for (const [name, value] of Object.entries(wanted)) {
    query.delete(name);
    if (value) query.append(name, value);
  }
  for (const [name, values] of Object.entries({ show, hide })) {
    query.delete(name);
    for (const value of values) query.append(name, value);
  }
  return `?${query}`;
}
