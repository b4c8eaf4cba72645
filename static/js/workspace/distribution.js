/** Curves of all runs of the list, from their distribution in common columns (`/series/distribution`). Pure. */

import { groupKey } from "../chart/data/names.js";
import { Series, numbers } from "../chart/data/series.js";
import { band as shade } from "../chart/kinds/band.js";
import { density } from "../chart/kinds/density.js";
import { line } from "../chart/kinds/line.js";
import { member } from "../chart/kinds/member.js";
import { lookAt } from "../chart/render/colours.js";
import { formatNumber } from "../chart/text/format.js";
import { gettext, ngettext } from "../i18n.js";

/** Bands around the line of a group: the line, and what is added to it or the statistics that are its edges. */
export const BANDS = {
  std: { centre: "mean", spread: "std" },
  sem: { centre: "mean", spread: "sem" },
  "min-max": { centre: "mean", edges: ["min", "max"] },
  "p25-p75": { centre: "p50", edges: ["p25", "p75"] },
  "p10-p90": { centre: "p50", edges: ["p10", "p90"] },
};
/** Key of the curve of all runs. */
export const ALL = "all runs";
/** Edges of the shades of a density, the outer first. */
const SHADES = [["p5", "p95"], ["p25", "p75"]];
/** Whether columns hold several steps, or seconds, each. */
const areWide = (x) => x.length > 1 && x[1] - x[0] > 1;

/** Return the curves of a metric: of groups, of a density, or differences to the baseline, as a choice says. */
export function binnedCurves(metric, { isDensity, group, band, solo, runs, difference }) {
  if (!metric?.runs) return [];
  if (isDensity) return densityCurves(metric);
  return group ? groupCurves(metric, band, solo) : differenceCurves(metric, runs, difference);
}

/** Return the edges {low, high} of a band of statistics in columns. */
export function edgesOf(statistics, name) {
  const { centre, spread, edges } = BANDS[name];
  if (edges) return { low: numbers(statistics[edges[0]]), high: numbers(statistics[edges[1]]) };
  const [middle, by] = [numbers(statistics[centre]), numbers(statistics[spread])];
  // One run has no spread: its band is its line.
  return { low: middle.map((value, i) => value - (by[i] || 0)), high: middle.map((value, i) => value + (by[i] || 0)) };
}

/** Return the name of a group by its key: {"config.lr": 0.1}. */
function labelOf(key, n) {
  const parts = Object.entries(key).map(([name, value]) => {
    const short = name.replace(/^config\./, "");
    return value === null ? gettext("no {key}", { key: short }) : `${short} ${value}`;
  });
  return `${parts.join(", ")} (${n})`;
}

/** Return the groups of a metric for the legend, each in its own colour; `ids`: of the list's runs in it. */
export function groupEntries({ groups }) {
  return groups.map(({ key, n, marked, members }, i) => {
    const values = Object.values(key);
    const label = "replicas" in key ? `${members[0]?.name ?? ""} (${n})` : labelOf(key, n);
    return { key: values.length ? groupKey(key) : ALL, ids: marked, label, ...lookAt(i) };
  });
}

/** Return the curves of groups: thin ones of members, and above them those of the groups with their bands. */
export function groupCurves(metric, bandName, solo = "") {
  const { x } = metric;
  const entries = groupEntries(metric);
  const crowd = metric.groups.reduce((sum, group) => sum + group.members.length, 0);
  const members = metric.groups.flatMap((group, i) =>
    group.members.filter(({ id }) => !solo || id === solo).map(({ id, name, y }) => ({
      ...{ key: id, group: entries[i].key, label: `${name} · ${entries[i].label}`, colour: entries[i].colour },
      ...{ series: seriesOf(metric.name, ...between(y, x, y)), kinds: [member], crowd },
    })),
  );
  const means = metric.groups.flatMap((group, i) => {
    if (!group.runs || (solo && !group.members.some(({ id }) => id === solo))) return [];
    const { centre } = BANDS[bandName];
    const names = Object.keys(group.statistics);
    const [own, ...columns] = between(group.statistics[centre], x, ...names.map((name) => group.statistics[name]));
    const statistics = Object.fromEntries(names.map((name, place) => [name, columns[place]]));
    const series = seriesOf(metric.name, own, statistics[centre]);
    const band = { x: own, ...edgesOf(statistics, bandName) };
    return [{ ...entries[i], series, band, note: (at) => noteOf(statistics, bandName, at), thinned: areWide(x) }];
  });
  return [...members, ...means];
}

/** Return the description beside the value of a group: its band and number of runs. */
function noteOf(statistics, bandName, at) {
  const { spread, edges } = BANDS[bandName];
  const n = gettext("n = {n}", { n: formatNumber(statistics.count[at]) });
  if (spread) return statistics[spread][at] === null ? n : `± ${formatNumber(statistics[spread][at])}, ${n}`;
  return `${edges.map((edge) => formatNumber(statistics[edge][at])).join("–")}, ${n}`;
}

/** Return the curves of all runs: their density with median and shades, and the best and the worst ones by name. */
export function densityCurves(metric) {
  const { x, name, best, worst } = metric;
  const [{ statistics, runs }] = metric.groups;
  const shades = SHADES.map(([low, high]) => ({ x, low: numbers(statistics[low]), high: numbers(statistics[high]) }));
  const all = {
    ...{ key: ALL, label: ngettext("median of {n} run", "median of {n} runs", runs, { n: formatNumber(runs) }), colour: "curve-1" },
    ...{ series: seriesOf(name, x, statistics.p50), band: shades[1], outer: shades[0], density: metric.density && { ...metric.density, x } },
    ...{ kinds: [density, outer, shade, line], thinned: false, note: (at) => noteOf(statistics, "p25-p75", at) },
  };
  const entries = namedEntries(metric);
  const named = [...worst, ...best].map((curve) => ({ ...entries.get(curve.id), series: seriesOf(name, ...between(curve.y, x, curve.y)), kinds: [none, none, none, line], thinned: false }));
  return runs ? [all, ...named] : [];
}

/** Return the curves of these runs (id to {key, label, …look}) as differences to the baseline; beside them the other form of the difference. */
export function differenceCurves(metric, runs, difference) {
  const { x, name, baseline } = metric;
  const members = metric.groups[0].members.filter(({ id }) => runs.has(id));
  const other = (value, base) => (difference === "absolute" ? `${formatNumber(Number(((100 * value) / Math.abs(base)).toPrecision(3)))} %` : formatNumber(value * Math.abs(base)));
  return members.map(({ id, y }) => {
    const [own, values, base] = between(y, x, y, baseline);
    const note = (at) => (values[at] === null || !base[at] ? "" : `(${other(values[at], base[at])})`);
    return { ...runs.get(id), series: seriesOf(name, own, values), thinned: areWide(x), note };
  });
}

/** Return the looks and names of the best and the worst runs of a metric by id: the best in one hue, the worst in another. */
export function namedEntries({ best, worst, goal }) {
  const isKnown = goal !== "unknown";
  const [good, bad] = isKnown ? [gettext("best"), gettext("worst")] : [gettext("lowest"), gettext("highest")];
  const entry = (word, colour) => ({ id, name, value }, i) => [id, { key: id, ids: [id], label: `${name} · ${word} ${i + 1}`, colour, number: value, text: formatNumber(value) }];
  return new Map([...worst.map(entry(bad, "curve-2")), ...best.map(entry(good, "curve-4"))]);
}

const none = { range: () => null, paint() {} };
const outer = {
  range: (curve, ...rest) => shade.range({ ...curve, band: curve.outer }, ...rest),
  paint: (context, plot, curve, style) => shade.paint(context, plot, { ...curve, band: curve.outer }, style),
};

/** Return columns without those before the first and after the last value: a curve that ended has no value, not NaN. */
function between(values, ...columns) {
  const [first, end] = [values.findIndex((value) => value !== null), values.findLastIndex((value) => value !== null) + 1];
  return columns.map((column) => (end ? column.slice(first, end) : []));
}

function seriesOf(name, x, y) {
  return Series.from({ name, kind: "float", x, y, count: x.length }, -1);
}
