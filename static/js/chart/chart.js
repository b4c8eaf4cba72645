/**
 * Chart of curves in a <figure>: its canvas and its description in words.
 *
 * A *curve* is {
 *   series     a `Series` (data/series.js): x ascending, y, kind, labels of texts, stages, restarts, count
 *   key?       run id or group, by which the legend and `settings.hidden` name it
 *   label?     its name in readout, data table and files; required for several curves
 *   colour?    name of a CSS variable ("curve-1"), dash? and marker?: see render/colours.js
 *   band?      {x, low, high, mean?, noise?}: a shade behind the curve (range of thinned points, or of a group);
 *              `noise`: drawn as its mean
 *   smooth?    {x, y, low?, high?}: the smoothed curve, and its own shade (data/drawn.js)
 *   kinds?     see kinds/kinds.js; a line with its band by default
 *   group?     key of the curve that stands for this one and others
 *   note?      (i) => a text beside its value at a point
 *   thinned?   whether points were left out, where `series.count` does not tell
 * }
 * A *source* loads the curves of a page's charts, and again for each zoomed range:
 *   load(name, {x: "step" | "time", points, step_range?, time_range?})  a promise of an answer; ranges are "from:to";
 *              rejects with an `HttpError` (../http.js), shown with a retry button
 *   curves(name, answer)                                               the curves of chart `name`
 * `Loader` (loader.js) is the source of a run page.
 *
 * *Settings* are {axis: key of an axis (axes.js), xMetric?, log (values), logx (x axis, if it has a logarithm),
 * smoothing (smoothing.js), range: [from, to] or null, origin (seconds at which relative time begins), spread: "all" | "core" | "auto"
 * (scales/y_range.js), hidden?: [key, …]}.
 */

import { make, textButton } from "../dom.js";
import { gettext } from "../i18n.js";
import { Cursor } from "./cursor.js";
import { labelled } from "./data/labels.js";
import { schedule } from "./frame_scheduler.js";
import { attachInput } from "./input.js";
import { emphasize } from "./render/emphasis.js";
import { paint } from "./render/renderer.js";
import { layOut } from "./scales/layout.js";
import { xDomain } from "./scales/x_axis.js";
import { formatNumber } from "./text/format.js";
import { unitOf } from "./text/units.js";
import { NOT_ON_LOG_AXIS, clippedText, sentence, emptyReason } from "./text/descriptions.js";

export class Chart {
  /**
   * `holder`: a <figure> with a <figcaption> that has an <output>.
   * `hooks`: cursor(x, down), zoom(range or null), retry(), resized() and highlight(key), called when a person asks
   * for them, goTo(step), refitted() when its size changes, drawn() after each drawing, and verdict(curve) with its entry
   * (verdicts.js); only the first two are needed.
   */
  constructor(holder, settings, hooks) {
    this.holder = holder;
    this.name = holder.dataset.name;
    this.settings = settings;
    this.hooks = { retry() {}, resized() {}, refitted() {}, highlight() {}, drawn() {}, verdict() {}, ...hooks };
    this.all = this.curves = [];
    this.sentences = new WeakMap();
    this.canvas = make("canvas");
    this.veil = make("canvas", { className: "veil", width: 0, height: 0 });
    const label = gettext("{name}: not drawn yet.", { name: this.name });
    // Keys move along the curve: a screen reader passes them on.
    const role = { role: "application", "aria-roledescription": gettext("chart") };
    this.area = make("div", { className: "plot", tabIndex: 0, ...role, "aria-label": label }, this.canvas);
    holder.append(this.area);
    this.cursor = new Cursor(this);
    this.note = make("p", { className: "message" });
    this.area.append(this.note);
    this.shown = false;
    this.#showUnit();
    new ResizeObserver(([{ contentRect }]) => {
      this.width = contentRect.width;
      this.redraw();
      this.hooks.refitted();
    }).observe(this.area);
    attachInput(this);
  }

  /** Names of the metrics of this chart. */
  get names() {
    return this.settings.names ?? [this.name];
  }

  #showUnit() {
    /** The unit of the values, as far as the names tell it. */
    this.unit = unitOf(this.names);
    this.holder.querySelector("h3").dataset.unit = this.unit;
  }

  /** Return the curves of `names` (a list for each) with what tells them apart. */
  labelled(found) {
    return labelled(this.names, found);
  }

  /** Take the curves to show. */
  setCurves(curves) {
    this.all = curves;
    this.say("");
    this.#changed();
  }

  configure(settings) {
    const before = this.settings;
    this.settings = settings;
    this.#showUnit();
    // Another smoothing is drawn when its curves have come.
    if (withoutSmoothing(before) !== withoutSmoothing(settings)) this.#changed();
  }

  /** New points were added to a series of this chart. */
  grown() {
    this.#changed();
  }

  /** Show the curves, those that are hidden too, in a legend of this chart; null removes it. */
  setLegend(legend) {
    this.legend?.element.remove();
    this.legend = legend;
    this.#list();
  }

  #list() {
    const hidden = new Set(this.settings.hidden);
    this.legend?.setEntries(this.all.map((curve) => ({ ...curve, key: curve.id, label: curve.label ?? curve.series.name, number: curve.series.last, text: formatNumber(curve.series.last), hidden: hidden.has(curve.key), verdict: this.hooks.verdict(curve) })));
  }

  #changed() {
    const hidden = new Set(this.settings.hidden);
    this.#list();
    this.curves = hidden.size ? this.all.filter(({ key, group }) => !hidden.has(key) && !hidden.has(group)) : this.all;
    this.redraw();
  }

  /** Draw the curves of that key above the others, which grow faint. */
  highlight(key) {
    if (this.highlighted === key) return;
    this.highlighted = key;
    this.#emphasize();
  }

  /** The same for the curve that the pointer is nearest to, on this chart or on another one. */
  point(key) {
    if (this.pointed === key) return;
    this.pointed = key;
    this.#emphasize();
  }

  #emphasize() {
    emphasize(this.veil, this, this.highlighted ?? this.pointed);
    if (!this.veil.width) this.veil.remove();
    else if (!this.veil.parentNode) this.canvas.after(this.veil);
  }

  /** Other verdicts came: say them where its values are. */
  judged() {
    this.#list();
    if (!this.plot || !this.all.length) return;
    this.describe();
    this.cursor.put(this.at, this.cursor.own, this.cursor.key);
  }

  /** Start or stop drawing: a canvas out of sight holds no memory. */
  show(shown) {
    this.shown = shown;
    if (shown) this.redraw();
    else for (const canvas of [this.canvas, this.veil]) canvas.width = canvas.height = 0;
  }

  redraw() {
    if (this.shown) schedule(this);
  }

  /** A sentence in place of the curve, with a button to try again where that may help. */
  say(text, retry = false) {
    if (text === this.said && !retry && !this.broken) return;
    this.said = text;
    this.broken = retry;
    this.note.replaceChildren(...(text ? [make("span", { textContent: text })] : []));
    if (retry) this.note.append(textButton(gettext("Try again"), () => this.hooks.retry()));
  }

  /** The size of the plot in CSS pixels; `width` alone is remembered, for what must not wait for a layout. */
  get size() {
    return [this.area.clientWidth, this.area.clientHeight];
  }

  draw([width, height] = this.size) {
    if (!this.shown || !width) return;
    this.plot = layOut(this.curves, this.settings, width, height);
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    const context = this.canvas.getContext("2d");
    context.scale(devicePixelRatio, devicePixelRatio);
    // Before the points are here there is no axis, and the caption keeps the last value that the server wrote into it.
    if (!this.all.length) return;
    paint({ ...this, highlighted: null }, context);
    this.#emphasize();
    this.describe();
    this.cursor.put(this.at, this.cursor.own, this.cursor.key);
    this.hooks.drawn();
    this.overlay?.place();
  }

  describe() {
    // Of a group, not of each of its members.
    const sentences = this.curves.filter(({ group }) => group === undefined).map((curve) => [this.#sentence(curve), this.hooks.verdict(curve)?.text].filter(Boolean).join(" "));
    if (this.plot.cut) sentences.push(clippedText(this.plot.cut));
    if (this.curves.some(({ series }) => series.first <= this.plot.x.zero)) sentences.push(NOT_ON_LOG_AXIS);
    const label = sentences.join(" ") || gettext("{name}: all curves are hidden.", { name: this.name });
    if (this.label !== label) this.area.ariaLabel = (this.label = label);
    const points = this.all.some(({ series }) => series.x.length);
    if (!points || this.broken) return;
    this.say(this.plot.empty || this.plot.outside ? emptyReason(this) : "");
  }

  /** Many curves are drawn often: what one is like in words is remembered until it changes. */
  #sentence({ series, label }) {
    const state = JSON.stringify([series.count, series.x.length, series.last, label, this.settings.axis, this.settings.xMetric]);
    const known = this.sentences.get(series);
    if (known?.state === state) return known.text;
    const text = sentence(series, this.settings, label);
    this.sentences.set(series, { state, text });
    return text;
  }

  /**
   * Move the cursor to `x`, or hide it (null); `own` ({down}, in pixels) is set if the pointer is over this chart, and
   * `key` names the curve to read if it is over another one. `exact` has points that are read instead of those drawn:
   * {step, curves}, see curve_loader.js.
   */
  setCursor(x, own = null, key = undefined, exact = null) {
    this.at = x ?? null;
    this.exact = exact;
    this.cursor.put(this.at, own, key);
    const { reads, near } = this.cursor;
    this.legend?.read(near ? { name: "", x: near.x, reads, near, settings: this.settings } : null);
  }

  get domain() {
    return xDomain(this.curves, this.settings);
  }
}

function withoutSmoothing(settings) {
  return JSON.stringify({ ...settings, smoothing: null });
}
