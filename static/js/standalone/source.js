/** Curves of a saved page: a source of charts (see chart/chart.js) that answers from the page itself. */

import { SOURCES } from "../chart/axes.js";
import { mergeEqual } from "../chart/data/equal_x.js";
import { overMetric } from "../chart/data/over_metric.js";
import { Series, firstAtLeast } from "../chart/data/series.js";

const NO_POINTS = { x: [], y: [], special: [], stages: [], back: [], band: undefined, along: undefined };

export class EmbeddedSource {
  /** Whether x is counted from the start of each run where an axis has an origin. */
  isAcrossRuns = true;

  /**
   * `data`: {origin, runs: [{id, label, start}], metrics: [{name, curves}]}, as `page_file/content.py` makes it. `shown`:
   * the runs whose curves are drawn, [{key, label, …look}].
   */
  constructor({ origin, runs, metrics }, shown) {
    Object.assign(this, { origin, runs, metrics: new Map(metrics.map((metric) => [metric.name, metric])) });
    this.shown = new Map(shown.map(({ key, label, colour, dash, marker }) => [key, { key, label, colour, dash, marker }]));
  }

  load(name, options) {
    return Promise.resolve({ options });
  }

  curves(name, { options }) {
    return (this.metrics.get(name)?.curves ?? []).map((curve) => this.#curve(name, curve, options)).filter((curve) => curve);
  }

  #curve(name, curve, options) {
    const run = this.shown.get(this.runs[curve.run].id);
    const columns = run && this.#columns(curve, options);
    if (!columns) return null;
    const part = mergeEqual(overMetric(inRange(columns, rangeOf(options))));
    const series = Series.from({ ...part, name, kind: curve.kind, labels: curve.labels }, -1);
    // Nothing finer is in the page.
    return { series, band: part.band, thinned: false, ...(this.shown.size > 1 && run) };
  }

  /** Return the points of a curve over the x of a query, as a route of series answers; nothing without that x. */
  #columns(curve, options) {
    const line = options.x === SOURCES[0] ? curve.steps : this.#byTime(curve, options);
    if (!line) return null;
    const smoothed = line.smoothed?.find((entry) => isSame(entry.smoothing, options));
    const along = (columns) => columns && { ...columns, along: this.#along(curve, columns, options.x_metric) };
    const points = along(options.smoothed_only ? { ...line, ...NO_POINTS } : line);
    return { ...points, band: along(points.band), smoothed: along(smoothed) };
  }

  /** Times are seconds since the origin of the page; Unix seconds, or since the start of the run, are asked for. */
  #byTime({ run, steps, times }, { x }) {
    const origin = x === SOURCES[1] ? this.origin : this.origin - this.runs[run].start;
    const moved = (columns, of = {}) => ({ ...of, ...columns, x: columns.x.map((t) => t + origin) });
    const band = times.band && moved(times.band, steps?.band);
    return { ...(times.y ? {} : { ...steps, along: undefined }), ...moved(times), band, smoothed: times.smoothed?.map((columns) => moved(columns)) };
  }

  /**
   * Return the values of the metric that is the x axis: exact where the page was saved with such a chart, else those of
   * its points.
   */
  #along({ run }, { x, along }, name) {
    if (!name) return undefined;
    if (along?.[name]) return along[name];
    const { x: steps = [], y = [] } = this.metrics.get(name)?.curves.find((curve) => curve.run === run)?.steps ?? {};
    return x.map((step) => y[firstAtLeast(steps, step + 1) - 1] ?? null);
  }
}

/** Whether a smoothing of a board is that of a query. */
function isSame({ method, ...amounts }, query) {
  return method === query.smoothing && Object.entries(amounts).every(([name, value]) => query[`smoothing_${name}`] === value);
}

function rangeOf(options) {
  const range = (options.step_range ?? options.time_range ?? ":").split(":");
  return range.map((end, i) => (end === "" ? (i ? Infinity : -Infinity) : Number(end)));
}

/** Return the points in a range, with a neighbour on either side, and what is at them. */
function inRange(columns, range) {
  const [first, last] = around(columns.x, range);
  const isWhole = last - first === columns.x.length;
  const at = (pairs = []) => pairs.filter(([i]) => i >= first && i < last).map(([i, value]) => [i - first, value]);
  // A stage holds until the next one.
  const [, stage] = columns.stages?.findLast(([i]) => i <= first) ?? [];
  const stages = at(columns.stages);
  if (stage !== undefined && stages[0]?.[0] !== 0) stages.unshift([0, stage]);
  return {
    ...cut(columns, range),
    ...{ special: at(columns.special), stages, back: (columns.back ?? []).filter((i) => i > first && i < last).map((i) => i - first) },
    ...{ count: isWhole ? columns.count : last - first, band: columns.band && cut(columns.band, range), smoothed: columns.smoothed && cut(columns.smoothed, range) },
  };
}

/** Return columns in a range. */
function cut(columns, range) {
  const [first, last] = around(columns.x, range);
  return Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, COLUMNS.has(name) ? value?.slice(first, last) : value]));
}

const COLUMNS = new Set(["x", "y", "along", "low", "high", "mean"]);

/** Return the first index and the one after the last of the points in a range, with a neighbour on either side of more than one x. */
function around(x, [from, to]) {
  const [first, end] = [firstAtLeast(x, from), x.findIndex((value) => value > to)];
  const last = end < 0 ? x.length : end;
  return from === to ? [first, last] : [Math.max(0, first - 1), Math.min(x.length, last + 1)];
}
