/** Annotations over the curves: non-finite values, clipped values, stage changes, restarts. */

import { gettext } from "../../i18n.js";
import { firstAtLeast } from "../data/series.js";
import { formatNumber } from "../text/format.js";
import { crisp } from "./axes.js";

const EVENT_ROOM = 16;
const SHORT = 6;

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

/** Hollow triangles at the edge where finite values lie beyond it, and in the corner how many and how far. */
export function drawCut(context, { box, x, y, cut }, curves, { mark, paper }) {
  const painted = new Set();
  context.strokeStyle = mark;
  context.fillStyle = mark;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const { series } of curves) {
    for (let i = firstAtLeast(series.x, x.domain[0]); i < series.x.length && series.x[i] <= x.domain[1]; i += 1) {
      const value = series.y[i];
      const above = value > y.domain[1];
      if (!Number.isFinite(value) || !(above || (value < y.domain[0] && !(y.log && value <= 0)))) continue;
      const across = Math.round(x.at(series.x[i]));
      if (painted.has(`${across >> 2}${above}`)) continue;
      painted.add(`${across >> 2}${above}`);
      triangle(context, across, above ? box.top : box.bottom, above ? 6 : -6);
    }
  }
  context.stroke();
  context.textAlign = "right";
  context.strokeStyle = paper;
  context.lineWidth = 4;
  for (const [text, baseline, at] of [[above(cut), "top", box.top + 1], [below(cut), "bottom", box.bottom - 2]]) {
    context.textBaseline = baseline;
    context.strokeText(text, box.right - 4, at);
    context.fillText(text, box.right - 4, at);
  }
}

function above({ above: count, highest }) {
  return count ? gettext("▲ {count} above, up to {value}", { count: formatNumber(count), value: formatNumber(highest) }) : "";
}

function below({ below: count, lowest }) {
  return count ? gettext("▼ {count} below, down to {value}", { count: formatNumber(count), value: formatNumber(lowest) }) : "";
}

function triangle(context, across, down, height) {
  context.moveTo(across, down);
  context.lineTo(across + 4, down + height);
  context.lineTo(across - 4, down + height);
  context.closePath();
}

/**
 * Dashed upright lines with a word at their head where it fits: changes of stage, and where a run was resumed.
 * So many of them that they would hide the curve are short ones at the foot. The words stand `drop` pixels lower.
 */
export function drawEvents(context, { box, x }, events, colour, paper, drop = 0) {
  const seen = events.filter(([value]) => value >= x.domain[0] && value <= x.domain[1]);
  const places = seen.map(([value]) => crisp(x.at(value)));
  const crowded = seen.length * EVENT_ROOM > box.right - box.left;
  const head = crowded ? box.bottom - SHORT : box.top;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  context.beginPath();
  for (const place of places) {
    context.moveTo(place, head);
    context.lineTo(place, box.bottom);
  }
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = colour;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.strokeStyle = paper;
  context.lineWidth = 4;
  context.lineJoin = "round";
  for (const [i, [, label]] of seen.entries()) {
    const space = (places[i + 1] ?? box.right) - places[i];
    if (context.measureText(label).width + 8 > space) continue;
    context.strokeText(label, places[i] + 4, box.top + drop);
    context.fillText(label, places[i] + 4, box.top + drop);
  }
}
