/** One dot for each of {x, y, ink, title, faint?}, as SVG, that can be pointed at. */

import { svg } from "../../dom.js";

const [FEW, GOLDEN] = [20, (Math.sqrt(5) - 1) / 2];

/** Return by how many pixels a dot stands beside its word: many dots of one word would hide each other. */
function spread(i, step = 0, count = 0) {
  return count > FEW ? (((i * GOLDEN) % 1) - 0.5) * Math.min(step * 0.6, 64) : 0;
}

export const scatter = {
  paint(parent, plot, points) {
    for (const [i, { x, y, ink, title, faint = false }] of points.entries()) {
      const [cx, cy] = [plot.x.at(x), plot.y.at(y)];
      if (cx === null || cy === null) continue;
      svg("title", {}, svg("circle", { cx: cx + spread(i, plot.x.step, points.length), cy, r: faint ? 3.5 : 5, fill: ink, class: faint ? "dot faint" : "dot" }, parent), title);
    }
  },
};
