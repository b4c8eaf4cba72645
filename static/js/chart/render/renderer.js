/** Render a chart: axes, curves by their kinds, annotations, in this order. */

import { kindsOf } from "../kinds/kinds.js";
import { drawCut, drawEvents, drawSpecials } from "./annotations.js";
import { drawAxes } from "./axes.js";
import { inkOf, palette } from "./palette.js";

const FAINT = 0.3;
const MARK = 8;
/** All shades together are as dark as those of this number of curves, lest they become a block. */
const FEW = 4;
/** Number of curves up to which lines are wider than a pixel: those take twenty times as long to draw. */
const MOST_WIDE = 10;

/** Paint the plot of a chart on a context that is scaled to CSS pixels, in the colours of the theme or in others. */
export function paint({ plot, curves, highlighted, colours = palette() }, context) {
  const lit = curves.filter(({ key }) => key !== undefined && key === highlighted);
  const strength = (curve) => (lit.length && !lit.includes(curve) ? FAINT : 1);
  drawAxes(context, plot, colours);
  context.save();
  context.beginPath();
  context.rect(plot.box.left, plot.box.top - 2, plot.box.right - plot.box.left, plot.box.bottom - plot.box.top + 4);
  context.clip();
  const above = curves.toSorted((a, b) => lit.includes(a) - lit.includes(b));
  const own = curves.filter(({ group }) => group === undefined).length;
  const shade = Math.min(1, FEW / own), width = own > MOST_WIDE ? 1 : own < curves.length ? 2 : 1.5;
  const layers = above.map((curve) => {
    const style = { ink: inkOf(curve.colour, colours), strength: strength(curve), width, shade: lit.includes(curve) ? 1 : strength(curve) * shade };
    return { curve, style, kinds: kindsOf(curve) };
  });
  // No shade covers a line.
  for (let i = 0; layers.some(({ kinds }) => i < kinds.length); i += 1) {
    for (const { curve, style, kinds } of layers) kinds[i]?.paint(context, plot, curve, style);
  }
  context.globalAlpha = 1;
  if (curves.length === 1) paintEvents(context, plot, curves[0].series, colours);
  if (plot.cut) drawCut(context, plot, curves, colours);
  context.restore();
  // A mark at an edge is whole.
  for (const curve of curves) {
    const { series, colour } = curve;
    context.globalAlpha = strength(curve);
    drawSpecials(context, plot, series, curves.length > 1 ? inkOf(colour, colours) : colours.mark);
  }
  context.globalAlpha = 1;
}

function paintEvents(context, plot, series, colours) {
  // Below the triangles of what is infinite or was cut off.
  const drop = plot.cut?.above || series.y.includes(Infinity) ? MARK : 0;
  drawEvents(context, plot, series.stages, colours["ink-faint"], colours.paper, drop);
  drawEvents(context, plot, series.restarts.map((x) => [x, "resumed"]), colours.interrupted, colours.paper, drop);
}
