/**
 * Options of single charts, as the charts of a board have them: {metrics or match (a regular expression), x ("step",
 * "time", "relative" or a metric), x_log, y_log, y_range: [low or null, high or null], smoothing}. All are optional.
 * The address of the page has them until a board does.
 */

import { compiled } from "./expressions.js";
import { amountOf, makeSmoothing } from "./smoothing.js";

export const AXIS_NAMES = ["step", "relative", "time"];
const PARAMETER = "options";

/** Return valid options among those of an untrusted object. */
function checkedOptions(given) {
  const { metrics, match, x, x_log, y_log, y_range, smoothing } = Object(given);
  const isName = (value) => typeof value === "string" && value !== "";
  const isEnd = (value) => value === null || Number.isFinite(value);
  const found = {};
  if (Array.isArray(metrics) && metrics.length && metrics.every(isName)) found.metrics = metrics;
  else if (isName(match) && compiled(match)) found.match = match;
  if (isName(x)) found.x = x;
  if (typeof x_log === "boolean") found.x_log = x_log;
  if (typeof y_log === "boolean") found.y_log = y_log;
  if (Array.isArray(y_range) && y_range.length === 2 && y_range.every(isEnd) && !(y_range[0] !== null && y_range[1] !== null && y_range[0] >= y_range[1])) found.y_range = y_range;
  const { method } = Object(smoothing);
  if (method === "none") found.smoothing = { method };
  else if (makeSmoothing(method, amountOf(smoothing))) found.smoothing = smoothing;
  return found;
}

/** Return the names of the metrics of a chart, of all `names` on the page. */
export function metricsOf(options, name, names) {
  if (options.metrics) return options.metrics;
  const expression = options.match && compiled(options.match);
  const found = expression ? names.filter((one) => expression.test(one)) : [];
  return found.length ? found : [name];
}

/** Return the settings of the page as the options of a chart change them. */
export function withOptions(settings, { x, x_log, y_log, y_range, smoothing }) {
  const found = { ...settings };
  if (x !== undefined) {
    found.axis = AXIS_NAMES.includes(x) ? x : "metric";
    if (found.axis === "metric") found.xMetric = x;
  }
  if (x_log !== undefined) found.logx = x_log;
  if (y_log !== undefined) found.log = y_log;
  if (y_range) found.yRange = y_range;
  if (smoothing) found.smoothing = smoothing.method === "none" ? null : smoothing;
  return found;
}

let read = { search: null, found: {} };

/** Return the options of a chart in the address. */
export function optionsInAddress(name) {
  const { search } = location;
  if (read.search !== search) read = { search, found: parsed(new URLSearchParams(search).get(PARAMETER)) };
  return checkedOptions(read.found[name]);
}

/** Put the options of a chart into the address. */
export function optionsToAddress(name, options) {
  const query = new URLSearchParams(location.search);
  const { [name]: before, ...others } = parsed(query.get(PARAMETER));
  const all = Object.keys(options).length ? { ...others, [name]: options } : others;
  query.delete(PARAMETER);
  if (Object.keys(all).length) query.set(PARAMETER, JSON.stringify(all));
  history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : ""));
}

function parsed(text) {
  try {
    return Object(JSON.parse(text ?? "{}"));
  } catch {
    return {};
  }
}
