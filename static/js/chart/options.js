/**
 * Options of single charts, as the charts of a board have them: {metrics or match (a regular expression), x ("step",
 * "time", "relative" or a metric), x_log, y_log, y_range: [low or null, high or null], smoothing}. All are optional.
 */

import { settingsFor } from "./axes.js";
import { compiled } from "./expressions.js";

/** Return the names of the metrics of a chart, of all `names` on the page. */
export function metricsOf(options, name, names) {
  if (options.metrics) return options.metrics;
  const expression = options.match && compiled(options.match);
  const matches = expression ? names.filter((metric) => expression.test(metric)) : [];
  return matches.length ? matches : [name];
}

/** Return the settings of the page as the options of a chart change them. */
export function withOptions(settings, { x, x_log, y_log, y_range, smoothing }) {
  const result = { ...settings };
  if (x !== undefined) Object.assign(result, settingsFor(x));
  if (x_log !== undefined) result.logx = x_log;
  if (y_log !== undefined) result.log = y_log;
  if (y_range) result.yRange = y_range;
  if (smoothing) result.smoothing = smoothing.method === "none" ? null : smoothing;
  return result;
}
