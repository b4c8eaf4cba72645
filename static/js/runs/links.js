/** The links from a selection: to its charts, and to an alert rule about it. */

import { siteAddress } from "../http.js";

const [MOST_COMPARED, MOST_WATCHED] = [100, 50];

function put(id, address) {
  const link = document.getElementById(id);
  if (!link) return;
  link.ariaDisabled = !address;
  if (address) link.href = address;
  else link.removeAttribute("href");
}

/** Keep the links of the selection bar at the runs that are selected. */
export function links(picks) {
  document.addEventListener("selection", () => {
    const { size } = picks.ids, ids = [...picks.ids];
    const charts = size >= 2 && size <= MOST_COMPARED && siteAddress(`/?layout=charts&runs=${ids.join(",")}`);
    put("compare", charts);
    put("compare-config", charts && `${charts}&tab=config`);
    const where = size === 1 ? `id = ${ids[0]}` : `id in (${ids.join(", ")})`;
    put("alert-runs", size > 0 && size <= MOST_WATCHED && siteAddress(`/alerts/rules/new?${new URLSearchParams({ template: "failed", where })}`));
  });
}
