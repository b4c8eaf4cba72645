/** One dot for each of {x, y, ink, title}, as SVG: few dots that can be pointed at. */

import { svg } from "../../dom.js";

export const scatter = {
  paint(parent, plot, points) {
    for (const { x, y, ink, title } of points) {
      const [cx, cy] = [plot.x.at(x), plot.y.at(y)];
      if (cx === null || cy === null) continue;
      svg("title", {}, svg("circle", { cx, cy, r: 5, fill: ink }, parent), title);
    }
  },
};
