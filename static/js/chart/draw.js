/** Painting on the canvas. Everything is in CSS pixels; the caller has scaled the context to the display. */

import { firstAtLeast } from "./data.js";

const FONT = 11;

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
function crisp(value) {
  return Math.round(value - 0.5) + 0.5;
}

/**
 * One curve. Many points in one column of pixels become its first, lowest, highest and last: no spike is lost and no
 * pixel is painted twice. A value that is no number breaks the line; a point without neighbours is a dot.
 */
export function drawCurve(context, plot, xs, ys, colour, width = 1.5) {
  const { x, y } = plot;
  const start = Math.max(0, firstAtLeast(xs, x.domain[0]) - 1);
  const end = Math.min(xs.length, firstAtLeast(xs, x.domain[1]) + 2);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.beginPath();
  for (let i = start; i < end; ) {
    if (!drawable(ys[i], y.log)) i += 1;
    else i = drawPiece(context, plot, xs, ys, i, end);
  }
  context.stroke();
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
    const down = y.at(ys[i]);
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

/** Crosses at the bottom for NaN, triangles at the top and bottom for infinities, where they happened. */
export function drawSpecials(context, { box, x }, series, colour) {
  const painted = new Set();
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let i = firstAtLeast(series.x, x.domain[0]); i < series.x.length && series.x[i] <= x.domain[1]; i += 1) {
    const value = series.y[i];
    if (Number.isFinite(value)) continue;
    const across = Math.round(x.at(series.x[i]));
    const key = `${across >> 2}${value}`;
    if (painted.has(key)) continue;
    painted.add(key);
    if (Number.isNaN(value)) cross(context, across, box.bottom - 5);
    else triangle(context, across, value > 0 ? box.top : box.bottom, value > 0 ? 6 : -6);
  }
  context.stroke();
  context.fill();
}

function cross(context, across, down) {
  context.moveTo(across - 3, down - 3);
  context.lineTo(across + 3, down + 3);
  context.moveTo(across - 3, down + 3);
  context.lineTo(across + 3, down - 3);
}

function triangle(context, across, down, height) {
  context.moveTo(across, down);
  context.lineTo(across + 4, down + height);
  context.lineTo(across - 4, down + height);
  context.closePath();
}

/** Dashed upright lines with a word at their head where it fits: changes of stage, and where a run was resumed. */
export function drawEvents(context, { box, x }, events, colour) {
  const seen = events.filter(([value]) => value >= x.domain[0] && value <= x.domain[1]);
  const places = seen.map(([value]) => crisp(x.at(value)));
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.setLineDash([2, 3]);
  for (const [i, [, label]] of seen.entries()) {
    context.beginPath();
    context.moveTo(places[i], box.top);
    context.lineTo(places[i], box.bottom);
    context.stroke();
    const room = (places[i + 1] ?? box.right) - places[i];
    if (context.measureText(label).width + 8 <= room) context.fillText(label, places[i] + 4, box.top);
  }
  context.setLineDash([]);
}
