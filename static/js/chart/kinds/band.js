/** Shade the area between two edges of a curve, {x, low, high}, except where an edge is NaN. */

import { drawn } from "../data/drawn.js";
import { extent, firstAtLeast } from "../data/series.js";
import { isDrawable } from "../scales/scale.js";
import { firstVisible } from "../scales/x_axis.js";

const OPACITY = 0.08;

export const band = {
  range(curve, from, to, log) {
    const { shade: edges } = drawn(curve);
    const ends = edges ? [edges.low, edges.high].flatMap((y) => extent(edges.x, y, from, to, log) ?? []) : [];
    return ends.length ? [Math.min(...ends), Math.max(...ends)] : null;
  },

  paint(context, plot, curve, { ink, shade }) {
    const { shade: edges } = drawn(curve);
    context.globalAlpha = OPACITY * shade;
    if (edges) drawBand(context, plot, edges, ink);
  },
};

function drawBand(context, { x, y }, { x: xs, low, high }, colour) {
  const start = firstVisible(xs, x);
  const end = Math.min(xs.length, firstAtLeast(xs, x.domain[1]) + 1);
  const there = (i) => i < end && Number.isFinite(low[i]) && isDrawable(high[i], y.log);
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
