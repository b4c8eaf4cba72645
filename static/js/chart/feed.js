/** Data feed of one chart: fetch points when it becomes visible or is zoomed, and append live ones. */

import { gettext } from "../i18n.js";
import { endOfFirstTenth, isThinned, refined } from "./data/refinement.js";
import { xDomain, logOrigin } from "./scales/x_axis.js";

const FINEST = 12;

export class Feed {
  /** `source` fetches (see chart.js); `opened(answer)` is called with each answer, which has the start of the live socket. */
  constructor(chart, source, opened) {
    this.chart = chart;
    this.source = source;
    this.opened = opened;
    this.visible = false;
    this.whole = null;
    this.part = null;
    this.wanted = "";
    this.had = "";
    this.late = [];
    this.points = 0;
  }

  /** The chart came into sight or left it. */
  see(visible) {
    this.visible = visible;
    this.chart.show(visible);
    if (visible) this.refresh();
  }

  /** Draw immediately: all charts that were visible once are printed. */
  print() {
    this.chart.show(true);
    this.chart.draw();
  }

  /** Fetch what the settings need and is not loaded yet. */
  async refresh() {
    const { axis, range } = this.chart.settings;
    const zero = logOrigin(this.chart.settings);
    this.points = Math.max(this.points, wantedPoints(this.chart.area.clientWidth));
    const query = { x: axis === "step" ? "step" : "time", points: this.points };
    // A source with a version has other curves now (other runs, or new points) than for an earlier version.
    const version = this.source.version ?? 0;
    const wanted = JSON.stringify([query, range, zero, version]);
    if (!this.visible || wanted === this.wanted) return;
    // A response for other settings is discarded.
    this.wanted = wanted === this.had ? "" : wanted;
    if (!this.wanted) return;
    // Until the answer comes the curve of everything is drawn, coarse but there.
    if (this.part && this.whole && String(this.part.range) !== String(range)) this.#present(this.whole);
    try {
      const same = this.whole?.axis === query.x && this.whole.points === query.points;
      const known = same && this.whole.zero === zero && this.whole.version === version;
      const whole = known ? this.whole : { ...(await this.#loadWhole(query)), version };
      const part = range ? await this.#loadPart(query, range) : null;
      if (this.wanted === wanted) this.#show(whole, part, wanted);
    } catch (error) {
      if (this.wanted === wanted) this.#fail(error);
    }
  }

  async #loadWhole(query) {
    const answer = await this.source.load(this.chart.name, query);
    const curves = this.source.curves(this.chart.name, answer);
    this.opened(answer);
    const zero = logOrigin(this.chart.settings);
    return { curves: await this.#finer(query, "", curves), axis: query.x, points: query.points, zero };
  }

  async #loadPart(query, [from, to]) {
    const curves = await this.#finer(query, from, await this.#loadRange(query, from, to));
    return { curves, range: [from, to] };
  }

  async #loadRange(query, from, to) {
    const name = query.x === "step" ? "step_range" : "time_range";
    const answer = await this.source.load(this.chart.name, { ...query, [name]: `${from}:${to}` });
    return this.source.curves(this.chart.name, answer);
  }

  /** On a logarithmic axis, refine the first tenth of `curves`, the first tenth of that, …, until no point is left out. */
  async #finer(query, from, curves) {
    const { settings } = this.chart;
    const zero = logOrigin(settings);
    let [low, end] = xDomain(curves, { ...settings, range: null });
    let [made, newest] = [curves, curves];
    for (let round = 0; zero !== null && round < FINEST && isThinned(newest); round += 1) {
      end = endOfFirstTenth(zero, end, query.x === "step");
      if (end <= Math.max(zero, low)) break;
      newest = await this.#loadRange(query, from, end);
      made = refined(made, newest, end);
      [low] = xDomain(newest, { ...settings, range: null });
    }
    return made;
  }

  #show(whole, part, wanted) {
    this.had = wanted;
    this.wanted = "";
    this.whole = whole;
    this.part = part;
    this.chart.wholeCurves = whole.curves;
    this.#present(part ?? whole);
    if (!whole.curves.length) this.chart.say(gettext("No visible run has this metric."));
    else if (!whole.curves.some(({ series }) => series.x.length)) this.chart.say(gettext("No points yet."));
    for (const frame of this.late.splice(0)) this.advance(...frame);
  }

  #present({ curves }) {
    this.chart.setCurves(curves);
  }

  #fail(error) {
    this.wanted = "";
    this.late = [];
    this.chart.say(error.message, true);
  }

  /** Ask for everything again: the journal was replaced, the run was resumed, or an answer was broken. */
  reload() {
    this.whole = null;
    this.had = this.wanted = "";
    this.refresh();
  }

  /**
   * Rows after `before` up to `row` of the journal were written; `points` are those of this chart, if any. What comes
   * while an answer is on its way waits for it. An answer may know half of the rows already, and a frame may have
   * been missed: then the server joins the curve, not this page.
   */
  advance(before, row, points) {
    if (this.wanted) this.late.push([before, row, points]);
    const series = this.whole?.curves[0]?.series;
    if (!series || series.row >= row) return;
    if (series.row === before && !points) series.row = row;
    else if (series.row !== before || !this.#append(series, points, row)) this.reload();
    else this.chart.grown();
  }

  #append(series, points, row) {
    const y = series.heights(points.value, points.special);
    const [x, values] = this.whole.axis === "step" ? withStep(points.step, y) : [points.time, y];
    return series.append(x, values, row);
  }
}

/** One point for each pixel of width is as much as a screen shows. */
function wantedPoints(width) {
  return Math.min(2000, Math.max(400, Math.ceil(width / 100) * 100));
}

/** By step there is no point without one. */
function withStep(steps, values) {
  if (!steps.includes(null)) return [steps, values];
  return [steps.filter((step) => step !== null), values.filter((_, i) => steps[i] !== null)];
}
