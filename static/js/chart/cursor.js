/** Cursor of a chart and its readout: one curve in the caption, several in a box. */

import { make, setHidden, setText } from "../dom.js";
import { gettext } from "../i18n.js";
import { axisOf } from "./axes.js";
import { drawn } from "./data/drawn.js";
import { nearest } from "./data/series.js";
import { Readout } from "./readout.js";
import { cssColour } from "./render/colours.js";
import { swatch } from "./render/swatch.js";
import { formatNumber, withUnit } from "./text/format.js";
import { verdictMark } from "./verdicts.js";

const MOST_DOTS = 24;

export class Cursor {
  constructor(chart) {
    this.chart = chart;
    this.output = chart.holder.querySelector("output");
    // Each move changes those of all charts: what is pointed at by keys is announced once (controller.js).
    this.output.ariaLive = "off";
    this.line = make("i", { className: "cursor", hidden: true });
    this.selection = make("i", { className: "selection" });
    this.text = [make("b"), make("span"), make("bdi"), make("span")];
    chart.area.append(this.line, this.selection);
    this.box = new Readout(chart.area, (curve) => chart.hooks.verdict(curve));
    Object.assign(this, { dots: [], reads: [], near: undefined, own: null });
  }

  /**
   * Move to `x`, or hide. Only the chart under the pointer (`own`) reads all curves and opens the box; the others read
   * the curve of `key`.
   */
  put(x, own, key) {
    const { chart } = this;
    const { plot } = chart;
    Object.assign(this, { own, key });
    const inside = plot && x !== null && x !== undefined && x >= plot.x.domain[0] && x <= plot.x.domain[1];
    const same = own || key === undefined ? null : chart.curves.filter((curve) => curve.key === key);
    this.reads = inside ? readoutsAt(chart, x, same ?? chart.curves) : [];
    setHidden(this.line, !inside);
    const isOpen = Boolean(own && this.reads.length > 1);
    setHidden(this.box.element, !isOpen);
    this.#putDots(this.reads);
    this.near = this.#nearest();
    if (!inside || !this.near) {
      this.output.replaceChildren(...(inside ? [] : this.#rest()));
      return;
    }
    const across = Math.round(plot.x.at(x));
    this.line.style.transform = `translateX(${across}px)`;
    if (this.output.firstChild !== this.text[0]) this.output.replaceChildren(...this.text);
    readoutText(chart, this.near, same !== null).forEach((text, i) => setText(this.text[i], text));
    const { x: at, step } = this.near;
    if (isOpen) this.box.show(this.reads, this.near, placeText(at, step, chart.settings), across, plot.box.bottom);
  }

  #nearest() {
    const { highlighted } = this.chart;
    const meant = this.reads.find(({ curve }) => curve.key !== undefined && curve.key === highlighted);
    return meant ?? closest(this.reads, this.own?.down) ?? this.reads[0];
  }

  /** Without a cursor: the last value of one curve, or the metrics of one run. */
  #rest() {
    const { curves } = this.chart;
    if (curves.length > 1 && curves.every(({ metric, key }) => key === this.chart.names[metric])) {
      return curves.flatMap((curve) => [swatch(curve), ` ${curve.label} `]);
    }
    if (curves.length !== 1) return [];
    const verdict = this.chart.hooks.verdict(curves[0]);
    return [withUnit(curves[0].series.last, this.chart.unit), ...(verdict ? [" ", verdictMark(verdict)] : [])];
  }

  #putDots(reads) {
    const shown = reads.filter(({ down }) => down !== null).slice(0, MOST_DOTS);
    while (this.dots.length < shown.length) this.chart.area.append(this.dots[this.dots.length] = make("i", { className: "dot" }));
    for (const [i, dot] of this.dots.entries()) {
      setHidden(dot, i >= shown.length);
      if (dot.hidden) continue;
      dot.style.transform = `translate(${shown[i].across}px, ${shown[i].down}px)`;
      const colour = cssColour(shown[i].curve.colour ?? "curve-1");
      if (dot.colour !== colour) dot.style.background = dot.colour = colour;
    }
  }
}

/** Return value and pixel position of each curve at the point nearest to `x`; `down` is null if it is not drawn. */
function readoutsAt(chart, x, curves = chart.curves) {
  return curves.flatMap((curve) => {
    const { series } = curve;
    const exact = chart.exact?.curves.get(curve.id);
    if (exact) return [placed(chart, curve, exactReading(exact, chart.exact.step))];
    const i = nearest(series.x, x);
    // A curve that ended before, or has not begun, has nothing to say here.
    const reaches = chart.curves.length === 1 || (x >= series.first && x <= series.x[series.x.length - 1]);
    if (i < 0 || !reaches) return [];
    const { line } = drawn(curve);
    // A value that is no finite number is in no smoothed line.
    const own = line === series || !Number.isFinite(series.y[i]);
    const at = own ? i : nearest(line.x, x);
    const [across, height] = own ? [series.x[at], series.y[at]] : [line.x[at], line.y[at]];
    // The line and the points were thinned separately: not every place of one is a place of the other.
    const beside = own ? -1 : nearest(series.x, across);
    const raw = series.x[beside] === across ? series.y[beside] : null;
    return [placed(chart, curve, { x: across, height, raw })];
  });
}

/** Return a point that was asked for, instead of those drawn. */
function exactReading({ series: { x, y, smoothed } }, step) {
  const value = y.at(-1);
  const smooth = smoothed?.y.at(-1);
  return Number.isFinite(smooth) ? { x: x.at(-1), height: smooth, raw: value, step } : { x: x.at(-1), height: value, raw: null, step };
}

function placed({ plot }, curve, { x, height, raw, step }) {
  const there = Number.isFinite(height) && x > plot.x.zero && height > plot.y.zero;
  const inside = there && height >= plot.y.domain[0] && height <= plot.y.domain[1];
  return { curve, x, step, value: curve.series.value(height), raw, across: plot.x.at(x), down: inside ? plot.y.at(height) : null };
}

/** The reading that is drawn nearest to `down` pixels from the top, if any. */
export function closest(reads, down) {
  if (down === undefined) return undefined;
  const distance = (read) => (read.down === null ? Infinity : Math.abs(read.down - down));
  return reads.reduce((best, read) => (best && distance(best) <= distance(read) ? best : read), undefined);
}

/** A reading as texts: value, `step 10`, then name and note of the curve where there are several; the box of another chart names the `same`. */
function readoutText({ settings, curves, unit }, { curve: { series, label, note }, x, step, value, raw: point }, isSame) {
  const raw = point === null ? "" : ` ${gettext("raw {value}", { value: formatNumber(point) })}`;
  const name = curves.length > 1 && !isSame ? (label ?? series.name) : "";
  const place = `${raw} ${placeText(x, step, settings)}${name && " "}`;
  return [withUnit(value, unit), place, name, note ? ` ${note(nearest(series.x, x))}` : ""];
}

/** Return x in words, and the step of a point that was asked for by it. */
function placeText(x, step, settings) {
  const axis = axisOf(settings);
  const place = axis.reading(x, settings);
  return step === undefined || axis.isWhole ? place : `${place}, ${gettext("step {step}", { step: formatNumber(step) })}`;
}
