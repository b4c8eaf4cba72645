/** Data feed of one chart: fetch points when it becomes visible or is zoomed, and append live ones. */

import { gettext } from "../i18n.js";
import { axisOf, queryOf } from "./axes.js";
import { CurveLoader } from "./curve_loader.js";
import { extendBand } from "./data/live_band.js";
import { logOrigin, pixelsFor } from "./scales/x_axis.js";

/** Milliseconds after new points until smoothed curves, or curves over a metric, are fetched again. */
const PAUSE = 1000;

export class Feed {
  /** `source` fetches (see chart.js); `opened(answer)` is called with each answer, which has the start of the live socket. */
  constructor(chart, source, opened) {
    Object.assign(this, { chart, source, visible: false, whole: null, part: null, timer: 0, late: [], pixels: 0 });
    this.loader = new CurveLoader(chart, source, opened);
    this.wanted = this.asked = this.had = "";
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

  /**
   * Fetch what the settings need and is not loaded yet. Only the newest smoothing is asked for: what a slider passes
   * while an answer is under way is left out.
   */
  async refresh() {
    const { settings, names, area, width = area.clientWidth } = this.chart;
    const { range, smoothing } = settings;
    this.pixels = Math.max(this.pixels, pixelsFor(width));
    // A source with a version has other curves now (other runs, or new points) than for an earlier version.
    const asked = JSON.stringify([names, queryOf(this.source, settings), this.pixels, range, logOrigin(settings), this.source.version ?? 0]);
    const wanted = JSON.stringify([asked, smoothing]);
    if (!this.visible || wanted === this.wanted) return;
    // A response for other settings is discarded.
    this.wanted = wanted === this.had ? "" : this.wanted && asked === this.asked ? this.wanted : wanted;
    if (this.wanted !== wanted) return;
    this.asked = asked;
    // Until the answer comes the curve of everything is drawn, coarse but there.
    if (this.part && this.whole && String(this.part.range) !== String(range)) this.#present(this.whole);
    try {
      const whole = await this.loader.load(this.whole, this.pixels, null, !range);
      if (this.wanted === wanted && range) this.chart.wholeCurves = whole.curves;
      const part = range ? await this.loader.load(this.part, this.pixels, range, true) : null;
      if (this.wanted === wanted) this.#show(whole, part, wanted);
    } catch (error) {
      if (this.wanted === wanted) this.#fail(error);
    }
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
    this.refresh();
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
   * Rows after `before` up to `row` of the journal were written; `points` has those of each metric by name. What comes
   * while an answer is on its way waits for it. An answer may know half of the rows already, and a frame may have
   * been missed: then the server joins the curves, not this page.
   */
  advance(before, row, points) {
    if (this.wanted) this.late.push([before, row, points]);
    const { names, settings } = this.chart;
    const curves = (this.whole?.curves ?? []).filter(({ series }) => series.row < row);
    if (!curves.length) return;
    if (axisOf(settings).isJoined) return this.#later(() => this.reload());
    const pointsOf = ({ metric = 0 }) => points[names[metric]];
    if (!curves.every((curve) => this.#append(curve, pointsOf(curve), before, row))) this.reload();
    else if (curves.some(pointsOf)) this.#grown();
  }

  #grown() {
    this.chart.grown();
    if (this.chart.settings.smoothing) this.#later(() => this.#smoothAgain());
  }

  #later(action) {
    this.timer ||= setTimeout(() => {
      this.timer = 0;
      action();
    }, PAUSE);
  }

  #smoothAgain() {
    for (const loaded of [this.whole, this.part]) if (loaded) loaded.smoothing = "";
    if (!this.wanted) this.had = "";
    this.refresh();
  }

  /** Add points of a frame; false if the server has to join the curve. */
  #append({ series, band }, points, before, row) {
    if (series.row !== before) return false;
    series.row = row;
    if (!points) return true;
    const y = series.heights(points.value, points.special);
    const [x, values] = this.whole.axis.live(points, y);
    // Of what kind a metric is that had no points, only the server knows.
    if (!x.length || !series.x.length) return !x.length;
    if (band?.noise) extendBand(band, x, values);
    return series.append(x, values, row);
  }
}
