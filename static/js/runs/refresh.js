/** Signals between the list of runs and the charts beside it. */

const CHART_PARAMETERS = ["show", "hide", "solo", "group", "band", "tab", "metric", "key", "keylog"];
const CHART_SETTINGS = ["x", "smooth", "log", "logx", "y", "range", "charts", "board"];

/** Ask for newer rows now. */
export function refreshRuns() {
  document.dispatchEvent(new Event("refresh-runs"));
}

/** Say that the rows on the page are newer. */
export function announceRows() {
  document.dispatchEvent(new Event("rows"));
}

/** Let filters, pages and orders keep the charts as they are in the address, which changes without the server. */
export function carryCharts() {
  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.verb !== "get") return;
    const now = new URLSearchParams(location.search);
    const [path, search] = detail.path.split("?");
    const query = new URLSearchParams(search);
    for (const name of [...CHART_PARAMETERS, ...CHART_SETTINGS]) {
      query.delete(name);
      detail.parameters.delete?.(name);
      if (!detail.parameters.delete) delete detail.parameters[name];
      for (const value of now.getAll(name)) query.append(name, value);
    }
    detail.path = `${path}?${query}`;
  });
}
