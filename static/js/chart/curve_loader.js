/** Load the curves of one chart: points of everything or of a range, refined for a logarithmic axis, and smoothed. */

import { axisOf } from "./axes.js";
import { endOfFirstTenth, isThinned, refined } from "./data/refinement.js";
import { xDomain, logOrigin } from "./scales/x_axis.js";
import { smoothingQuery } from "./smoothing.js";

const FINEST = 12;

export class CurveLoader {
  /** `source`: see chart.js. `opened(answer)` is called with each answer of everything. */
  constructor(chart, source, opened) {
    Object.assign(this, { chart, source, opened });
  }

  /**
   * Return {id, range, curves, smoothing} for the settings of the chart and a number of points: `known`, where it is
   * that, and otherwise what has to be loaded of it. `isShown`: whether its smoothed curves are needed.
   */
  async load(known, points, range, isShown) {
    const { settings } = this.chart;
    const axis = axisOf(settings);
    const query = { ...axis.query(settings), points };
    const [zero, smoothing] = [logOrigin(settings), smoothingQuery(settings.smoothing)];
    // On a logarithmic axis the smoothed curves are refined with the points.
    const together = zero !== null;
    const raw = together ? { ...query, ...smoothing } : query;
    const id = JSON.stringify([this.chart.names, raw, range, zero, this.source.version ?? 0]);
    const wanted = JSON.stringify(smoothing);
    const found = known?.id === id ? known : { id, range, axis, curves: null };
    if (found.curves && (found.smoothing === wanted || !isShown)) return found;
    const isApart = !together && isShown && smoothing.smoothing;
    const [curves, answer] = await Promise.all([
      (together ? null : found.curves) ?? this.#points(axis, raw, range),
      isApart ? this.#query(axis, { ...query, ...smoothing, smoothed_only: true }, range) : null,
    ]);
    const smooth = new Map(answer ? answer.map((curve) => [curve.id, curve.series.smoothed ?? groupLine(curve)]) : []);
    const smoothOf = (curve) => (answer ? smooth.get(curve.id) : together ? curve.series.smoothed : null);
    return { ...found, curves: curves.map((curve) => ({ ...curve, smooth: smoothOf(curve) })), smoothing: isShown || together ? wanted : "" };
  }

  async #points(axis, query, range) {
    const curves = await this.#query(axis, query, range);
    const zero = logOrigin(this.chart.settings);
    let [low, end] = xDomain(curves, { ...this.chart.settings, range: null });
    let [made, newest] = [curves, curves];
    // Refine the first tenth of the axis, the first tenth of that, …, until no point is left out.
    for (let round = 0; zero !== null && !query.x_metric && round < FINEST && isThinned(newest); round += 1) {
      end = axis.upTo(endOfFirstTenth(zero, end));
      if (end <= Math.max(zero, low)) break;
      newest = await this.#query(axis, query, [range?.[0] ?? "", end]);
      made = refined(made, newest, end);
      [low] = xDomain(newest, { ...this.chart.settings, range: null });
    }
    return made;
  }

  async #query(axis, query, range) {
    const options = range ? { ...query, [axis.source.range]: this.#steps(query, range).join(":") } : query;
    const { names } = this.chart;
    const answers = await Promise.all(names.map((one) => this.source.load(one, options)));
    if (!range && !query.smoothed_only) answers.forEach((answer) => this.opened(answer));
    return this.chart.labelled(names.map((one, i) => this.source.curves(one, answers[i])));
  }

  /** Return the steps between which a metric as x axis is in a range, and one more on either side. */
  #steps(query, range) {
    if (!query.x_metric) return range;
    const ends = (this.chart.wholeCurves ?? []).flatMap(({ series: { x, steps } }) => {
      const inside = x.map((value, i) => (value >= range[0] && value <= range[1] ? steps[i] : NaN)).filter((step) => step >= 0 || step < 0);
      const ordered = steps.toSorted((a, b) => a - b);
      const [low, high] = [Math.min(...inside), Math.max(...inside)];
      return inside.length ? [ordered.findLast((step) => step < low) ?? low, ordered.find((step) => step > high) ?? high] : [];
    });
    return ends.length ? [Math.min(...ends), Math.max(...ends)] : ["", ""];
  }
}

/** Return the smoothed curve of a group, whose statistics are those of smoothed curves; null for a run without any. */
function groupLine({ series: { x, y }, band }) {
  return x.length && band ? { x, y, low: band.low, high: band.high } : null;
}
