/** Painting on the canvas. Everything is in CSS pixels; the caller has scaled the context to the display. */

import { firstBehind } from "./across.js";
import { firstAtLeast } from "./data.js";

const FONT = 11;
const FAR = 1e5;

/** Grid, axis and labels. */
export function drawAxes(context, plot, colours) {
  const { box, x, y, xTicks, yTicks } = plot;
  context.font = `${FONT}px ${colours.font}`;
  context.lineWidth = 1;
  context.strokeStyle = colours.grid;
  context.fillStyle = colours["ink-faint"];
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.beginPath();
  for (const tick of yTicks) {
    const at = crisp(y.at(tick.value));
    context.moveTo(box.left, at);
    context.lineTo(box.right, at);
    context.fillText(tick.label, box.left - 8, at);
  }
  context.stroke();
  context.textBaseline = "top";
  for (const tick of xTicks) {
    const at = x.at(tick.value);
    const half = context.measureText(tick.label).width / 2;
    context.textAlign = at + half > box.right + 8 ? "right" : at - half < 0 ? "left" : "center";
    context.fillText(tick.label, Math.min(at, box.right + (at + half > box.right + 8 ? 8 : 0)), box.bottom + 6);
  }
  context.strokeStyle = colours.axis;
  context.beginPath();
  context.moveTo(box.left, crisp(box.bottom));
  context.lineTo(box.right, crisp(box.bottom));
  for (const tick of xTicks) {
    context.moveTo(crisp(x.at(tick.value)), box.bottom);
    context.lineTo(crisp(x.at(tick.value)), box.bottom + 4);
  }
  context.stroke();
}

/** A hairline lies between two pixels unless its coordinate ends in a half. */
export function crisp(value) {
  return Math.round(value - 0.5) + 0.5;
}

/**
 * One curve. Many points in one column of pixels become its first, lowest, highest and last: no spike is lost and no
 * pixel is painted twice. A value that is no number breaks the line; a point without neighbours is a dot.
 */
export function drawCurve(context, plot, xs, ys, colour, { width = 1.5, dash = null } = {}) {
  const { x, y } = plot;
  const start = firstDrawn(xs, x);
  const end = Math.min(xs.length, firstAtLeast(xs, x.domain[1]) + 2);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.setLineDash(dash ?? []);
  context.beginPath();
  for (let i = start; i < end; ) {
    if (!drawable(ys[i], y.log)) i += 1;
    else i = drawPiece(context, plot, xs, ys, i, end);
  }
  context.stroke();
  context.setLineDash([]);
}

/** The shade between two edges; where an edge has no height there is none. */
export function drawBand(context, { x, y }, { x: xs, low, high }, colour) {
  const start = firstDrawn(xs, x);
  const end = Math.min(xs.length, firstAtLeast(xs, x.domain[1]) + 1);
  const there = (i) => i < end && Number.isFinite(low[i]) && drawable(high[i], y.log);
  // Zero is nowhere on a logarithmic axis: the shade then goes down to the bottom.
  const bottom = (i) => y.at(y.log ? Math.max(low[i], y.domain[0]) : low[i]);
  context.fillStyle = colour;
  context.beginPath();
  for (let i = start; i < end; i += 1) {
    if (!there(i)) continue;
    const first = i;
    context.moveTo(x.at(xs[i]), y.at(high[i]));
    while (there(i + 1)) {
      i += 1;
      context.lineTo(x.at(xs[i]), y.at(high[i]));
    }
    for (let back = i; back >= first; back -= 1) context.lineTo(x.at(xs[back]), bottom(back));
    context.closePath();
  }
  context.fill();
}

/** One point before what is in view, so that the line comes from it; unless that has no place on the axis. */
function firstDrawn(xs, { domain, zero }) {
  return Math.max(firstBehind(xs, zero), firstAtLeast(xs, domain[0]) - 1);
}

function drawable(value, log) {
  return Number.isFinite(value) && !(log && value <= 0);
}

/** The unbroken piece of the curve that begins at `start`; returns the index after it. */
function drawPiece(context, { x, y }, xs, ys, start, end) {
  let column = NaN;
  let low = 0;
  let high = 0;
  let last = 0;
  let i = start;
  for (; i < end && drawable(ys[i], y.log); i += 1) {
    const across = x.at(xs[i]);
    // A canvas drops a line whose end is too far away.
    const down = Math.max(-FAR, Math.min(FAR, y.at(ys[i])));
    if (Math.round(across) === column) {
      low = Math.min(low, down);
      high = Math.max(high, down);
    } else {
      if (low !== high) closeColumn(context, column, low, high, last);
      column = Math.round(across);
      low = high = down;
      if (i === start) context.moveTo(across, down);
      else context.lineTo(across, down);
    }
    last = down;
  }
  if (low !== high) closeColumn(context, column, low, high, last);
  if (i === start + 1) dot(context, x.at(xs[start]), y.at(ys[start]));
  return i;
}

function closeColumn(context, column, low, high, last) {
  context.lineTo(column, low);
  context.lineTo(column, high);
  context.lineTo(column, last);
}

function dot(context, across, down) {
  context.moveTo(across, down);
  context.lineTo(across + 0.01, down);
  context.fillRect(across - 2, down - 2, 4, 4);
}
