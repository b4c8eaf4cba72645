/** Load the curves of one chart: points of everything or of a range, refined for a logarithmic axis, and smoothed. */

import { axisOf, queryOf, SOURCES } from "./axes.js";
import { endOfFirstTenth, isThinned, refined } from "./data/refinement.js";
import { xDomain, logOrigin } from "./scales/x_axis.js";
import { smoothingQuery } from "./smoothing.js";

const FINEST = 12;
/** Fewest points that a source can be asked for. */
const FEWEST = 4;

export class CurveLoader {
  /** `source`: see chart.js. `opened(answer)` is called with each answer of everything. */
  constructor(chart, source, opened) {
    Object.assign(this, { chart, source, opened });
  }

  /**
   * Return {id, range, curves, smoothing} for the settings of the chart and its width: `known`, where it is
   * that, and otherwise what has to be loaded of it. `isShown`: whether its smoothed curves are needed.
   */
  async load(known, pixels, range, isShown) {
    const { settings } = this.chart;
    const axis = axisOf(settings);
    const query = { ...queryOf(this.source, settings), pixels };
    const [zero, smoothing] = [logOrigin(settings), smoothingQuery(settings.smoothing)];
    // On a logarithmic axis the smoothed curves are refined with the points; distributions are those of smoothed curves.
    const together = zero !== null || this.source.isBinned;
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
    return this.#load(options, range || query.smoothed_only ? () => {} : this.opened);
  }

  async #load(options, opened = () => {}, isOnce = false) {
    const { names } = this.chart;
    const answers = await Promise.all(names.map((name) => this.source.load(name, options, isOnce)));
    answers.forEach((answer) => opened(answer));
    return this.chart.labelled(names.map((name, i) => this.source.curves(name, answers[i])));
  }

  /**
   * Return {step, curves} with the points, and their smoothed values, at the step of any point that is nearest to `step`:
   * those that were logged, not those that are drawn. Null without a step, and for groups of runs.
   */
  async at(step) {
    if (this.source.isBinned) return null;
    const exact = await this.#atStep(step);
    if (exact) return exact;
    const ranges = [`:${step - 1}`, `${step + 1}:`];
    const curves = (await Promise.all(ranges.map((step_range) => this.#load({ x: SOURCES[0], points: FEWEST, step_range }, undefined, true)))).flat();
    const steps = curves.flatMap(({ series: { x } }) => (x.length ? [x[0], x.at(-1)] : []));
    if (!steps.length) return null;
    return this.#atStep(steps.reduce((best, other) => (Math.abs(other - step) < Math.abs(best - step) ? other : best)));
  }

  async #atStep(step) {
    const { settings } = this.chart;
    const query = { ...queryOf(this.source, settings), points: FEWEST, ...smoothingQuery(settings.smoothing), step_range: `${step}:${step}` };
    const curves = (await this.#load(query, undefined, true)).filter(({ series }) => series.x.length);
    return curves.length ? { step, curves: new Map(curves.map((curve) => [curve.id, curve])) } : null;
  }

  /** Return the steps between which a metric as x axis is in a range, and one more on either side. */
  #steps(query, range) {
    if (!query.x_metric || this.source.isBinned) return range;
    const ends = (this.chart.wholeCurves ?? []).flatMap(({ series: { x, steps = [], firstSteps = steps } }) => {
      const inside = [firstSteps, steps].flatMap((all) => all.filter((_, i) => x[i] >= range[0] && x[i] <= range[1]));
      const ordered = [...firstSteps, ...steps].sort((a, b) => a - b);
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
