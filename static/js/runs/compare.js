/** The link from a selection to its charts. */

import { siteAddress } from "../http.js";

const MOST = 100;

/** Keep the link of the selection bar at the runs that are selected. */
export function compare(picks) {
  document.addEventListener("selection", () => {
    const link = document.getElementById("compare");
    if (!link) return;
    const few = picks.ids.size >= 2 && picks.ids.size <= MOST;
    link.setAttribute("aria-disabled", String(!few));
    if (few) link.href = siteAddress(`/?layout=charts&runs=${[...picks.ids].join(",")}`);
    else link.removeAttribute("href");
  });
}
