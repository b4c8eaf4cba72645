/** The baseline of a project: the selected runs, with which the others are compared. */

import { jsonBody, requestJson, siteAddress } from "../http.js";
import { gettext } from "../i18n.js";
import { withParameters } from "../shared/query.js";
import { heads } from "./widths.js";

const MOST = 1000;

/** Make these runs the baseline of their project. */
async function set(ids) {
  const { experiment } = await requestJson(siteAddress(`/api/v2/experiments/${encodeURIComponent(ids[0])}`));
  const address = siteAddress(`/api/v2/projects/${encodeURIComponent(experiment.project)}/baseline`);
  await requestJson(address, jsonBody("PUT", { run_ids: ids }));
}

/** Wire the button; the column of verdicts appears with the first baseline. */
export function baseline(picks, refresh, say) {
  document.addEventListener("click", async ({ target }) => {
    if (!target.closest("#set-baseline") || !picks.ids.size) return;
    if (picks.ids.size > MOST) {
      say(gettext("A baseline has at most {most} runs; {n} are selected.", { most: MOST.toLocaleString("en"), n: picks.ids.size.toLocaleString("en") }));
      return;
    }
    try {
      await set([...picks.ids]);
    } catch (error) {
      say(error.message);
      return;
    }
    say("");
    picks.clear();
    if (heads().some(({ dataset }) => dataset.key === "verdict")) await refresh();
    else {
      const address = siteAddress(`/${withParameters(location.search, { add: "verdict" })}`);
      await window.htmx.ajax("GET", address, { source: "#runs", target: "#runs", swap: "around show:none" });
    }
  });
}
