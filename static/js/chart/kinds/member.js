/** A thin, faint line: one of the curves that another one stands for; `curve.crowd` is the number of them on the chart. */

import { line } from "./line.js";

/** Strength of one line, and that of all of them together where there are many. */
const [FAINT, ALL, LEAST] = [0.4, 8, 0.1];

export const member = {
  range: line.range,
  paint(context, plot, curve, style) {
    const strength = style.isLit ? 1 : style.strength * Math.max(LEAST, Math.min(FAINT, ALL / curve.crowd));
    line.paint(context, plot, curve, { ...style, strength, width: style.isLit ? style.width : 1 });
  },
};
