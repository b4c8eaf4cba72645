/** Choices on the compare page other than chart settings, kept in the URL. */

const BANDS = ["p25-p75", "p10-p90", "min-max"];

/** Parse the choices in a query string; invalid values count as missing. */
export function readChoice(search) {
  const query = new URLSearchParams(search);
  const band = query.get("band");
  return {
    group: query.get("group") ?? "",
    band: BANDS.includes(band) ? band : BANDS[0],
    hidden: query.getAll("hide"),
    metric: query.get("metric") ?? "",
    key: query.get("key") ?? "",
    keylog: query.get("keylog") === "1",
  };
}

/** Return the query string for choices, without defaults; other parameters are kept. */
export function writeChoice(search, { group, band, hidden, metric, key, keylog }) {
  const query = new URLSearchParams(search);
  const wanted = { group, band: band === BANDS[0] ? "" : band, metric, key, keylog: keylog ? "1" : "" };
  for (const [name, value] of Object.entries(wanted)) {
    query.delete(name);
    if (value) query.append(name, value);
  }
  query.delete("hide");
  for (const key of hidden) query.append("hide", key);
  return `?${query}`;
}
