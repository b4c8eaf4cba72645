/** Curves of a saved page: a source of charts (see chart/chart.js) that answers from the page itself. */

import { Series } from "../chart/data/series.js";
import { lookAt } from "../chart/render/colours.js";

export class EmbeddedSource {
  /**
   * `data`: {origin, runs: [{id, label}], metrics: [{name, curves}]}, as `page_file/content.py` makes it. `shown`: the runs
   * whose curves are drawn, [{key, label, …look}]; all of them if it is missing.
   */
  constructor({ origin, runs, metrics }, shown = runs.map(({ id, label }, i) => ({ key: id, label, ...lookAt(i) }))) {
    Object.assign(this, { origin, runs, isAcrossRuns: false, metrics: new Map(metrics.map((metric) => [metric.name, metric])) });
    this.shown = new Map(shown.map(({ key, label, colour, dash, marker }) => [key, { key, label, colour, dash, marker }]));
  }

  load(name, options) {
    return Promise.resolve({ options, last_row: -1 });
  }

  curves(name, { options }) {
    return (this.metrics.get(name)?.curves ?? []).map((curve) => this.#curve(name, curve, options)).filter((curve) => curve);
  }

  #curve(name, curve, options) {
    const isTime = options.x === "time";
    const run = this.shown.get(this.runs[curve.run].id);
    if (!run) return null;
    if (!isTime && !curve.x) return null;
    const positions = isTime ? curve.t.map((t) => t + this.origin) : curve.x;
    const range = (isTime ? options.time_range : options.step_range) ?? ":";
    const [from, to] = range.split(":").map((end, i) => (end === "" ? (i ? Infinity : -Infinity) : Number(end)));
    const [first, last] = around(positions, from, to);
    const place = new Map(curve.special.map(([index, word]) => [index, word]));
    const special = [];
    for (let i = first; i < last; i += 1) if (place.has(i)) special.push([i - first, place.get(i)]);
    const part = { name, kind: curve.kind, count: curve.count, x: positions.slice(first, last), y: curve.y.slice(first, last), special, labels: curve.labels };
    const several = this.shown.size > 1 ? run : {};
    return { series: Series.from(part, -1), band: bandIn(curve.band, isTime, this.origin, from, to), thinned: curve.count > curve.y.length, ...several };
  }
}

/** Return the first index and the one after the last of the points in a range, with a neighbour on either side. */
function around(x, from, to) {
  let first = x.findIndex((value) => value >= from);
  if (first < 0) first = x.length;
  let last = x.findIndex((value) => value > to);
  if (last < 0) last = x.length;
  return [Math.max(0, first - 1), Math.min(x.length, last + 1)];
}

function bandIn(band, isTime, origin, from, to) {
  if (!band) return undefined;
  const positions = isTime ? band.t.map((t) => t + origin) : band.x;
  const [first, last] = around(positions, from, to);
  return { x: positions.slice(first, last), low: band.low.slice(first, last), high: band.high.slice(first, last) };
}
