/** Create an alert rule about the metric of a chart. */

import { textButton } from "../../dom.js";
import { siteAddress } from "../../http.js";
import { gettext } from "../../i18n.js";
import { Threshold } from "../threshold.js";

/** Return the button that opens a threshold line on a chart; a chart of texts leads to the form at once. */
export function alertButton(chart, close) {
  return textButton(gettext("Alert me…"), () => {
    close();
    const address = (op, value) => ruleAddress(chart, op, value);
    if (!chart.plot || chart.curves[0]?.series.labels?.length) return location.assign(address());
    new Threshold(chart, address);
  });
}

/** Return the address of a new rule, for the run or the project of the page. */
function ruleAddress(chart, op, value) {
  const run = document.getElementById("run-id")?.textContent.trim();
  const project = new URLSearchParams(location.search).get("project");
  const where = run ? ["id", run] : project ? ["project", project] : null;
  const query = new URLSearchParams({ template: "threshold", metric: chart.settings.names?.[0] ?? chart.name });
  if (op) query.set("op", op);
  if (Number.isFinite(value)) query.set("value", value);
  if (where) query.set("where", `${where[0]} = "${where[1].replace(/["\\]/g, "\\$&")}"`);
  return siteAddress(`/alerts/rules/new?${query}`);
}
