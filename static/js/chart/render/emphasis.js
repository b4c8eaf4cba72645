/** The highlighted curve of a chart over the others, which are dimmed: on a canvas of its own, so that a move of the pointer draws one curve. */

import { kindsOf } from "../kinds/kinds.js";
import { inkOf, palette } from "./palette.js";

const VEIL = 0.68;
const WIDTH = 2;

/** Show the curves of that key above a veil on `canvas`, which has the size of the chart's; nothing where there is none, or no other. */
export function emphasize(canvas, { plot, curves, canvas: { width, height } }, key) {
  const lit = key === null || key === undefined || !plot ? [] : curves.filter((curve) => curve.key === key || curve.group === key);
  const isShown = lit.length > 0 && lit.length < curves.length && width > 0;
  if (!isShown) {
    if (canvas.width) canvas.width = canvas.height = 0;
    return;
  }
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.scale(devicePixelRatio, devicePixelRatio);
  const { box } = plot, colours = palette();
  context.save();
  context.beginPath();
  context.rect(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 2);
  context.clip();
  context.globalAlpha = VEIL;
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, box.right, box.bottom);
  for (const curve of lit) {
    const style = { ink: inkOf(curve.colour, colours), strength: 1, shade: 1, width: WIDTH, isLit: curve.key === key };
    for (const kind of kindsOf(curve)) kind.paint(context, plot, curve, style);
  }
  context.restore();
}
