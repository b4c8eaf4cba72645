/** Settings of all charts as parameters of an address. */

import { parameterOf, settingsAt } from "../chart/axes.js";
import { parseSmoothing, smoothingText } from "../chart/smoothing.js";
import { withParameters } from "../shared/query.js";

const SPREADS = ["auto", "all", "core"];

/** The settings that an address asks for, which may name one of `metrics` as x axis; nonsense in it counts as nothing. */
export function readSettings(search, origin, metrics = []) {
  const query = new URLSearchParams(search);
  const range = (query.get("range") ?? "").split("..").map((end) => (end === "" ? NaN : Number(end)));
  return {
    ...settingsAt(query.get("x"), metrics),
    smoothing: parseSmoothing(query.get("smooth")),
    log: query.get("log") === "1",
    logx: query.get("logx") === "1",
    spread: SPREADS.includes(query.get("y")) ? query.get("y") : "auto",
    range: range.length === 2 && range[0] < range[1] ? range : null,
    filter: query.get("charts") ?? "",
    origin,
  };
}

/** Return settings as parameters; defaults are empty. */
function parametersOf(settings) {
  const { smoothing, log, logx, spread, range, filter } = settings;
  return {
    x: parameterOf(settings),
    smooth: smoothingText(smoothing),
    log: log ? "1" : "",
    logx: logx ? "1" : "",
    y: spread === "auto" ? "" : spread,
    range: range ? range.join("..") : "",
    charts: filter,
  };
}

export const SETTING_PARAMETERS = Object.keys(parametersOf(readSettings("")));

/** Return the address of settings; other parameters stay. */
export function writeSettings(search, settings) {
  return withParameters(search, parametersOf(settings));
}
