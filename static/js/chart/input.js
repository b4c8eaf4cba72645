/** Pointer and keyboard input of a chart. */

import { isFull, toggleFull } from "./full_screen.js";
import { nearest } from "./data/series.js";
import { zoomed } from "./scales/scale.js";
import { firstAbove, fullDomain, logOrigin } from "./scales/x_axis.js";

const SMALLEST_DRAG = 5;

/** Wire pointer and keyboard of a chart to its hooks. */
export function attachInput(chart) {
  const { area } = chart;
  let from = null;

  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !chart.plot) return;
    from = clamp(chart, event.offsetX);
    area.setPointerCapture(event.pointerId);
    point(chart, event);
  });

  area.addEventListener("pointermove", (event) => {
    if (!chart.plot) return;
    point(chart, event);
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

  // The page is scrolled with the finger that touched the chart.
  area.addEventListener("pointercancel", () => {
    from = null;
    select(chart, 0, 0);
    chart.hooks.cursor(null);
  });
  // A finger that is lifted leaves the cursor where it was, to be read: the next tap elsewhere ends it.
  area.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && chart.hooks.cursor(null));
  area.addEventListener("dblclick", () => chart.hooks.zoom(null));
  area.addEventListener("blur", () => chart.hooks.cursor(null));
  area.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !chart.plot) return;
    if (!press(chart, event)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  // Escape leaves full screen wherever the focus is in it.
  chart.holder.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isFull(chart) && !event.defaultPrevented) toggleFull(chart);
  });
  area.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    const beside = event.pointerType ? { getBoundingClientRect: () => new DOMRect(event.clientX, event.clientY, 0, 0) } : undefined;
    chart.openMenu?.(undefined, beside);
  });
}

function point(chart, { offsetX, offsetY }) {
  chart.hooks.cursor(snapped(chart, chart.plot.x.invert(clamp(chart, offsetX))), offsetY);
}

function clamp(chart, pixel) {
  return Math.min(Math.max(pixel, chart.plot.box.left), chart.plot.box.right);
}

function select(chart, from, to) {
  const { style } = chart.cursor.selection;
  style.transform = `translateX(${Math.min(from, to)}px)`;
  style.width = `${Math.abs(to - from)}px`;
}

/** Return the x of the nearest point of any curve. */
function snapped(chart, x) {
  let best = null;
  for (const { series } of chart.curves) {
    const i = nearest(series.x, x);
    if (i >= 0 && (best === null || Math.abs(series.x[i] - x) < Math.abs(best - x))) best = series.x[i];
  }
  return best;
}

/** The curve that keys move along: the highlighted one, else the first with points. */
function leading(chart) {
  const filled = chart.curves.filter(({ series }) => series.x.length);
  return filled.find(({ key }) => key !== undefined && key === chart.highlighted) ?? filled[0];
}

/**
 * Left and right move by a point (with Shift by ten), Home and End jump, up and down go through the curves, + and −
 * zoom, 0 and Escape show all again. The other keys are in `keys.js`.
 */
function press(chart, event) {
  if (event.key === "Escape" && isFull(chart)) return false;
  const curve = leading(chart);
  if (!curve) return false;
  const { x } = curve.series;
  const first = firstAbove(x, chart.plot.x.zero);
  const here = chart.at === null || chart.at === undefined ? x.length - 1 : nearest(x, chart.at);
  const stride = event.shiftKey ? 10 : 1;
  const goals = { ArrowLeft: here - stride, ArrowRight: here + stride, Home: 0, End: x.length - 1 };
  if (event.key in goals) {
    chart.hooks.cursor(x[Math.min(Math.max(goals[event.key], first), x.length - 1)]);
    return true;
  }
  const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (turn) return follow(chart, curve, turn, x[here]);
  const factor = { "+": 0.5, "=": 0.5, "-": 2 }[event.key];
  if (factor) {
    const whole = fullDomain(chart.wholeCurves ?? chart.curves, logOrigin(chart.settings));
    const { even, uneven } = chart.plot.x;
    const range = zoomed(chart.domain.map(even), factor, even(Math.max(x[here], chart.domain[0])), whole.map(even)).map(uneven);
    chart.hooks.zoom(range[0] <= whole[0] && range[1] >= whole[1] ? null : range);
    return true;
  }
  if (event.key !== "0" && event.key !== "Escape") return false;
  chart.hooks.zoom(null);
  chart.hooks.highlight(null);
  chart.hooks.cursor(null);
  return true;
}

function follow(chart, curve, turn, x) {
  if (chart.curves.length < 2) return false;
  const { length } = chart.curves;
  const next = chart.curves[(chart.curves.indexOf(curve) + turn + length) % length];
  chart.hooks.highlight(next.key);
  chart.hooks.cursor(x);
  return true;
}
