/** Scatter plot: one dot per run, x = config value, y = best metric value. */

import { scatter } from "../chart/kinds/scatter.js";
import { frame, picture, widthOf } from "../chart/render/svg.js";
import { axisOf } from "../chart/scales/picture_axis.js";
import { formatNumber } from "../chart/text/format.js";
import { svg } from "../dom.js";
import { ngettext } from "../i18n.js";
import { wireBrush } from "./brush.js";
import { CROWD, OTHERS } from "./crowd.js";
import { conditionOf } from "./conditions.js";

const HEIGHT = 280;
/** Pixels outside of the plot where a drag may begin. */
const EDGE = 12;

/**
 * `shown`: [{label, ink, i}] with `i` the index in the values of `x` and `y`: {name, field, values, log?}. `brushed(condition)` is
 * called when a user has dragged a rectangle.
 */
export function drawScatter(holder, shown, x, y, brushed) {
  const axes = { y: y.name, x: x.name };
  const label = ngettext("{y} by {x}, {n} run. The other panels have the values.", "{y} by {x}, {n} runs. The other panels have the values.", shown.length, axes);
  const width = widthOf(holder);
  const box = { left: 64, right: width - 24, top: 28, bottom: HEIGHT - 44 };
  const drawing = picture(holder, width, HEIGHT, label);
  const across = axisOf(x, shown, [box.left + EDGE, box.right - EDGE], true);
  const up = axisOf(y, shown, [box.bottom, box.top]);
  frame(drawing, box, up, across);
  svg("text", { class: "name", x: (box.left + box.right) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, drawing, x.name);
  svg("text", { class: "name", x: 0, y: 12 }, drawing, y.name);
  const isCrowd = shown.length > CROWD;
  const points = shown.map(({ label: run, ink, i }) => {
    const title = `${run}: ${x.name} ${x.values[i]}, ${y.name} ${formatNumber(y.values[i])}`;
    return { x: x.values[i], y: y.values[i], ink, title, faint: isCrowd && ink === OTHERS };
  });
  scatter.paint(drawing, { x: across, y: up }, points);
  const isInside = ([left, top]) => left >= box.left - EDGE && left <= box.right + EDGE && top >= box.top - EDGE && top <= box.bottom + EDGE;
  wireBrush(drawing, (from) => isInside(from) && box, ({ left, right, top, bottom }) => {
    const parts = [conditionOf(x.field, across.within(left, right)), conditionOf(y.field, up.within(top, bottom))];
    brushed(parts.filter(Boolean).join(" and "));
  });
}
