/** A line through a curve, and a faint one of its values where it is smoothed (../data/drawn.js). */

import { drawn, drawnRange } from "../data/drawn.js";
import { firstAtLeast } from "../data/series.js";
import { paintMarker } from "../render/colours.js";
import { isDrawable } from "../scales/scale.js";
import { firstVisible } from "../scales/x_axis.js";

const FAR = 1e5;
/** Columns of pixels in a stroke: the time of one grows with the square of its length where a line crosses itself. */
const LONGEST = 8;
const FAINT = 0.3;
/** Pixels between the markers of a curve. */
const APART = 64;
/** Radius of a point without neighbours, and the corners of its circle. */
const [DOT, CORNERS] = [3, 16];

export const line = {
  range: drawnRange,

  paint(context, plot, curve, { ink, strength, width }) {
    const { line: { x, y }, faint } = drawn(curve);
    context.globalAlpha = FAINT * strength;
    if (faint) drawCurve(context, plot, faint.x, faint.y, ink, { width: 1 });
    context.globalAlpha = strength;
    drawCurve(context, plot, x, y, ink, { width, dash: curve.dash });
    if (curve.marker) drawMarkers(context, plot, x, y, curve.marker);
  },
};

/**
 * One curve. Many points in one column of pixels become its first, lowest, highest and last: no spike is lost and no
 * pixel is painted twice. A value that is no number breaks the line; a point without neighbours is a dot.
 */
function drawCurve(context, plot, xs, ys, colour, { width, dash = null }) {
  const { x, y } = plot;
  const start = firstVisible(xs, x);
  const end = Math.min(xs.length, firstAtLeast(xs, x.domain[1]) + 2);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.setLineDash(dash ?? []);
  context.beginPath();
  // A dash would begin again with each stroke, and in a file a curve is one path.
  const longest = dash || !(context instanceof CanvasRenderingContext2D) ? Infinity : LONGEST;
  for (let i = start; i < end; ) {
    if (!isDrawable(ys[i], y.log)) i += 1;
    else i = drawPiece(context, plot, xs, ys, i, end, longest);
  }
  context.stroke();
  context.setLineDash([]);
}

/** Markers on points of the curve, in the colour of its line. */
function drawMarkers(context, { x, y }, xs, ys, marker) {
  let next = -Infinity;
  for (let i = firstVisible(xs, x); i < xs.length && xs[i] <= x.domain[1]; i += 1) {
    const across = x.at(xs[i]);
    if (across < next || !isDrawable(ys[i], y.log)) continue;
    paintMarker(context, marker, across, y.at(ys[i]));
    next = across + APART;
  }
}

/** The unbroken piece of the curve that begins at `start`; returns the index after it. */
function drawPiece(context, { x, y }, xs, ys, start, end, longest) {
  let column = NaN;
  let columns = 0;
  let low = 0;
  let high = 0;
  let last = 0;
  let i = start;
  for (; i < end && isDrawable(ys[i], y.log); i += 1) {
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
      if ((columns += 1) > longest) columns = cut(context, across, down);
    }
    last = down;
  }
  if (low !== high) closeColumn(context, column, low, high, last);
  if (i === start + 1) dot(context, x.at(xs[start]), y.at(ys[start]));
  return i;
}

function cut(context, across, down) {
  context.stroke();
  context.beginPath();
  context.moveTo(across, down);
  return 0;
}

function closeColumn(context, column, low, high, last) {
  context.lineTo(column, low);
  context.lineTo(column, high);
  context.lineTo(column, last);
}

function dot(context, across, down) {
  // A path of its own: the line goes on in the one that is open.
  context.stroke();
  context.beginPath();
  // A polygon, which files have too.
  for (let i = 0; i < CORNERS; i += 1) {
    const turn = (i / CORNERS) * 2 * Math.PI;
    context.lineTo(across + DOT * Math.cos(turn), down + DOT * Math.sin(turn));
  }
  context.closePath();
  context.fill();
  context.beginPath();
}
