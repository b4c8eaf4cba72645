/** Small SVG pictures with axes. */

import { svg } from "../../dom.js";

/** How wide a picture in `holder` is to be, in CSS pixels. */
export function widthOf(holder) {
  return Math.max(280, Math.min(1200, holder.clientWidth));
}

/** A picture in place of the one in `holder`; `label` says in words what it shows. */
export function picture(holder, width, height, label) {
  holder.querySelector("svg")?.remove();
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "picture" }, holder);
}

/** Draw the axes of a plot in `box`, with a grid from the labels of `up`; `across` may have none. */
export function frame(drawing, box, up, across = { ticks: [] }) {
  for (const [at, text] of up.ticks) {
    svg("path", { class: "grid", d: `M${box.left} ${at}H${box.right}` }, drawing);
    svg("text", { x: box.left - 8, y: at + 4, "text-anchor": "end" }, drawing, text);
  }
  svg("path", { class: "axis", d: `M${box.left} ${box.bottom}H${box.right}` }, drawing);
  for (const [at, text] of across.ticks) svg("text", { x: at, y: box.bottom + 16, "text-anchor": "middle" }, drawing, text);
}
