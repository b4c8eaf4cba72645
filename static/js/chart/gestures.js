/** What a hand does to a chart: point, drag, double-click, keys. */

import { nearest } from "./data.js";
import { wholeDomain } from "./plot.js";
import { zoomed } from "./scales.js";

const SMALLEST_DRAG = 5;

/** Wire pointer and keyboard of a chart to its hooks. */
export function listen(chart) {
  const { area } = chart;
  let from = null;

  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !chart.plot) return;
    from = clamp(chart, event.offsetX);
    area.setPointerCapture(event.pointerId);
  });

  area.addEventListener("pointermove", (event) => {
    if (!chart.plot) return;
    chart.hooks.cursor(snapped(chart, chart.plot.x.invert(clamp(chart, event.offsetX))));
    if (from !== null) select(chart, from, clamp(chart, event.offsetX));
  });

  area.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const to = clamp(chart, event.offsetX);
    select(chart, 0, 0);
    if (Math.abs(to - from) >= SMALLEST_DRAG) {
      chart.hooks.zoom([from, to].sort((a, b) => a - b).map(chart.plot.x.invert));
    }
    from = null;
  });

  area.addEventListener("pointercancel", () => {
    from = null;
    select(chart, 0, 0);
  });
  area.addEventListener("pointerleave", () => chart.hooks.cursor(null));
  area.addEventListener("dblclick", () => chart.hooks.zoom(null));
  area.addEventListener("blur", () => chart.hooks.cursor(null));
  area.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !chart.plot) return;
    if (press(chart, event)) event.preventDefault();
  });
}

function clamp(chart, pixel) {
  return Math.min(Math.max(pixel, chart.plot.box.left), chart.plot.box.right);
}

function select(chart, from, to) {
  const { style } = chart.selection;
  style.transform = `translateX(${Math.min(from, to)}px)`;
  style.width = `${Math.abs(to - from)}px`;
}

/** The x of the point nearest to a place in the chart, so that the cursor stands on something. */
function snapped(chart, x) {
  const { series } = chart.curves[0] ?? {};
  const i = series ? nearest(series.x, x) : -1;
  return i < 0 ? null : series.x[i];
}

/** Arrows move by a point (with Shift by ten), Home and End jump, + and − zoom, 0 and Escape show all again. */
function press(chart, event) {
  const { series } = chart.curves[0] ?? {};
  if (!series?.x.length) return false;
  const here = chart.at === null || chart.at === undefined ? series.x.length - 1 : nearest(series.x, chart.at);
  const stride = event.shiftKey ? 10 : 1;
  const goals = { ArrowLeft: here - stride, ArrowRight: here + stride, Home: 0, End: series.x.length - 1 };
  if (event.key in goals) {
    chart.hooks.cursor(series.x[Math.min(Math.max(goals[event.key], 0), series.x.length - 1)]);
    return true;
  }
  const factor = { "+": 0.5, "=": 0.5, "-": 2 }[event.key];
  if (factor) {
    const whole = wholeDomain(chart.wholeCurves ?? chart.curves);
    const range = zoomed(chart.domain, factor, series.x[here], whole);
    chart.hooks.zoom(range[0] <= whole[0] && range[1] >= whole[1] ? null : range);
    return true;
  }
  if (event.key !== "0" && event.key !== "Escape") return false;
  chart.hooks.zoom(null);
  chart.hooks.cursor(null);
  return true;
}
