/** Units of metrics whose names end in one. Pure. */

/** Endings of names, by which the unit of a metric is known. */
const ENDINGS = [
  [/percent$/, "%"],
  [/(?:^|[_/])mib$/, "MiB"],
  [/(?:^|[_/])gib$/, "GiB"],
  [/(?:^|[_/])mb$/, "MB"],
  [/(?:^|[_/])gb$/, "GB"],
  [/(?:^|[_/])bytes$/, "B"],
  [/(?:^|[_/])ms$/, "ms"],
  [/(?:^|[_/])(?:seconds|secs?|(?:time|duration)_s)$/, "s"],
  [/temperature_c$/, "°C"],
  [/power_w$/, "W"],
];

/** Return the unit that all metrics of a chart have, or "". */
export function unitOf(names) {
  const units = new Set(names.map((name) => ENDINGS.find(([ending]) => ending.test(name.toLowerCase()))?.[1] ?? ""));
  return units.size === 1 ? [...units][0] : "";
}
