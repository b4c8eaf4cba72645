/** The picture of a chart: axes, shades, curves, and what is marked over them, in this order. */

import { drawAxes, drawBand, drawCurve } from "./draw.js";
import { drawCut, drawEvents, drawSpecials } from "./marks.js";
import { palette } from "./palette.js";

const FAINT = 0.3;
const BAND = 0.14;
const MARK = 8;

/** Paint the present plot of `chart` on a context that is scaled to CSS pixels. */
export function paint(chart, context) {
  const colours = palette();
  const { plot, curves, highlighted } = chart;
  const lit = curves.filter(({ key }) => key !== undefined && key === highlighted);
  const strength = (curve) => (lit.length && !lit.includes(curve) ? FAINT : 1);
  drawAxes(context, plot, colours);
  context.save();
  context.beginPath();
  context.rect(plot.box.left, plot.box.top - 2, plot.box.right - plot.box.left, plot.box.bottom - plot.box.top + 4);
  context.clip();
  const above = curves.toSorted((a, b) => lit.includes(a) - lit.includes(b));
  for (const curve of above) paintCurve(chart, context, curve, colours, strength(curve));
  if (curves.length === 1) paintEvents(context, plot, curves[0].series, colours);
  if (plot.cut) drawCut(context, plot, curves, colours);
  context.restore();
  // A mark at an edge is whole.
  for (const curve of curves) {
    const { series, colour = "curve-1" } = curve;
    context.globalAlpha = strength(curve);
    drawSpecials(context, plot, series, curves.length > 1 ? colours[colour] : colours.mark);
  }
  context.globalAlpha = 1;
}

function paintEvents(context, plot, series, colours) {
  // Below the triangles of what is infinite or was cut off.
  const drop = plot.cut?.above || series.y.includes(Infinity) ? MARK : 0;
  drawEvents(context, plot, series.stages, colours["ink-faint"], colours.paper, drop);
  drawEvents(context, plot, series.restarts.map((x) => [x, "resumed"]), colours.interrupted, colours.paper, drop);
}

function paintCurve(chart, context, { series, band, dash, colour = "curve-1" }, colours, strength) {
  const ink = colours[colour];
  const values = chart.values(series);
  context.globalAlpha = BAND * strength;
  if (band) drawBand(context, chart.plot, band, ink);
  context.globalAlpha = FAINT * strength;
  if (values !== series.y) drawCurve(context, chart.plot, series.x, series.y, ink, { width: 1 });
  context.globalAlpha = strength;
  drawCurve(context, chart.plot, series.x, values, ink, { dash });
  context.globalAlpha = 1;
}
