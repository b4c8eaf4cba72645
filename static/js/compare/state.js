/** What a person chose on the compare page beside the settings of the charts; the address holds it. */

const BANDS = ["p25-p75", "p10-p90", "min-max"];

/** The choice that an address asks for; nonsense in it counts as nothing. */
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

/** The address of a choice; what is as usual is not mentioned, and foreign parameters stay. */
export function writeChoice(search, { group, band, hidden, metric, key, keylog }) {
  const query = new URLSearchParams(search);
  const wanted = { group, band: band === BANDS[0] ? "" : band, metric, key, keylog: keylog ? "1" : "" };
  for (const [name, value] of Object.entries(wanted)) {
    query.delete(name);
    if (value) query.append(name, value);
  }
  query.delete("hide");
  for (const one of hidden) query.append("hide", one);
  return `?${query}`;
}
