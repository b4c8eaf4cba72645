/** One line chart in a <figure>: its canvas, its cursor, what it says in words. */

import { nearest } from "./data.js";
import { drawAxes, drawCurve, drawEvents, drawSpecials } from "./draw.js";
import { figure } from "./format.js";
import { listen } from "./gestures.js";
import { palette } from "./palette.js";
import { arrange, wholeDomain } from "./plot.js";
import { smooth } from "./smooth.js";
import { AXES, sentence } from "./words.js";

const waiting = new Set();

/** Redraw a chart with the next frame, however often it was asked for. */
function schedule(chart) {
  if (!waiting.size) requestAnimationFrame(() => drawWaiting());
  waiting.add(chart);
}

function drawWaiting() {
  const charts = [...waiting];
  waiting.clear();
  for (const chart of charts) chart.draw();
}

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

export class Chart {
  /**
   * `holder`: a <figure> with a <figcaption> that has an <output>.
   * `hooks`: cursor(x), zoom(range or null), retry() and resized(), called when a person asks for them.
   */
  constructor(holder, settings, hooks) {
    this.holder = holder;
    this.name = holder.dataset.name;
    this.settings = settings;
    this.hooks = hooks;
    this.curves = [];
    this.output = holder.querySelector("output");
    this.area = element("div", "plot", holder);
    this.area.tabIndex = 0;
    this.area.setAttribute("role", "img");
    this.canvas = element("canvas", "", this.area);
    this.cursorLine = element("i", "cursor", this.area);
    this.cursorDot = element("i", "dot", this.area);
    this.selection = element("i", "selection", this.area);
    this.note = element("p", "message", this.area);
    this.shown = false;
    new ResizeObserver(() => this.redraw()).observe(this.area);
    listen(this);
  }

  /** Take [{series, label?, colour?}] as the curves to show. */
  setCurves(curves) {
    this.curves = curves;
    this.smoothed = new Map();
    this.say("");
    this.redraw();
  }

  configure(settings) {
    this.settings = settings;
    this.smoothed = new Map();
    this.redraw();
  }

  /** New points were added to a series of this chart. */
  grown() {
    this.smoothed = new Map();
    this.redraw();
  }

  /** Start or stop drawing: a canvas out of sight holds no memory. */
  show(shown) {
    this.shown = shown;
    if (shown) this.redraw();
    else this.canvas.width = this.canvas.height = 0;
  }

  redraw() {
    if (this.shown) schedule(this);
  }

  /** A sentence in place of the curve, with a button to try again where that may help. */
  say(text, retry = false) {
    this.broken = retry;
    this.note.textContent = text;
    if (!retry) return;
    const button = element("button", "button", this.note);
    button.type = "button";
    button.textContent = "Try again";
    button.addEventListener("click", () => this.hooks.retry());
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.area;
    if (!this.shown || !width) return;
    this.plot = arrange(this.curves, this.settings, width, height);
    this.paint(this.canvas, width, height, devicePixelRatio);
    // Before the points are here the caption keeps the last value that the server wrote into it.
    if (!this.curves.length) return;
    this.describe();
    this.setCursor(this.at);
  }

  /** Paint the present plot on any canvas: the page's own, or one for a picture to keep. */
  paint(canvas, width, height, density) {
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const context = canvas.getContext("2d");
    context.setTransform(density, 0, 0, density, 0, 0);
    const colours = palette();
    const { box } = this.plot;
    drawAxes(context, this.plot, colours);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 4);
    context.clip();
    for (const curve of this.curves) this.paintCurve(context, curve, colours);
    context.restore();
  }

  paintCurve(context, { series, colour = "curve-1" }, colours) {
    const ink = colours[colour];
    drawEvents(context, this.plot, series.stages, colours["ink-faint"]);
    drawEvents(context, this.plot, series.restarts.map((x) => [x, "resumed"]), colours.interrupted);
    if (this.values(series) !== series.y) {
      context.globalAlpha = 0.3;
      drawCurve(context, this.plot, series.x, series.y, ink, 1);
      context.globalAlpha = 1;
    }
    drawCurve(context, this.plot, series.x, this.values(series), ink);
    drawSpecials(context, this.plot, series, colours.mark);
  }

  /** The values as drawn: smoothed when asked for. */
  values(series) {
    const weight = this.settings.smoothing;
    if (!weight || series.kind === "text") return series.y;
    if (!this.smoothed.has(series)) this.smoothed.set(series, smooth(series.y, weight));
    return this.smoothed.get(series);
  }

  describe() {
    const { axis, log } = this.settings;
    this.area.setAttribute("aria-label", this.curves.map(({ series }) => sentence(series, axis)).join(" "));
    const points = this.curves.some(({ series }) => series.x.length);
    if (!points || this.broken) return;
    if (!this.plot.empty) this.say("");
    else if (this.settings.range) this.say("No points in this range.");
    else this.say(log ? "Nothing above zero to draw on a logarithmic axis." : "No finite value among the points.");
  }

  /** Put the cursor at `x` and read the curves out there; null takes it away. */
  setCursor(x) {
    this.at = x ?? null;
    const inside = this.plot && this.at !== null && x >= this.plot.x.domain[0] && x <= this.plot.x.domain[1];
    this.cursorLine.hidden = !inside;
    this.cursorDot.hidden = true;
    if (!inside) {
      this.output.textContent = this.curves.map(({ series }) => figure(series.last)).join("  ");
      return;
    }
    const across = Math.round(this.plot.x.at(x));
    this.cursorLine.style.transform = `translateX(${across}px)`;
    this.output.replaceChildren(...this.curves.flatMap((curve) => this.readout(curve, x)));
  }

  /** Where and what the point of a curve nearest to `x` is; its dot shows which point is meant. */
  readout({ series, label }, x) {
    const i = nearest(series.x, x);
    if (i < 0) return [];
    const { axis, origin, smoothing } = this.settings;
    const where = AXES[axis].text(axis === "relative" ? series.x[i] - origin : series.x[i]);
    const value = document.createElement("b");
    value.textContent = figure(series.value(this.values(series)[i]));
    this.putDot(series.x[i], this.values(series)[i]);
    const raw = smoothing && series.kind !== "text" ? ` raw ${figure(series.y[i])}` : "";
    return [`${label ? `${label} ` : ""}${axis === "step" ? "step " : ""}${where} `, value, raw];
  }

  putDot(x, y) {
    const shown = Number.isFinite(y) && !(this.plot.y.log && y <= 0);
    this.cursorDot.hidden = !shown;
    if (shown) this.cursorDot.style.transform = `translate(${this.plot.x.at(x)}px, ${this.plot.y.at(y)}px)`;
  }

  /** The x range in view. */
  get domain() {
    return this.settings.range ?? wholeDomain(this.curves);
  }
}
