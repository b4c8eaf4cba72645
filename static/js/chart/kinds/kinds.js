/**
 * Kinds of charts, one module each. A kind is an object with
 *   paint(surface, plot, data, style)   paint its marks on a canvas context (`scatter`: into an SVG element), by the
 *                                       scales `plot.x` and `plot.y`
 *   range(data, from, to, log)          [lowest, highest] value between two x, or null
 * For a chart of curves `data` is a curve (../chart.js) and `style` is {ink, strength: 0…1, shade: 0…1, width,
 * isLit?} (the curve is pointed at).
 */

import { band } from "./band.js";
import { line } from "./line.js";

const USUAL = [band, line];

/** The kinds that a curve is drawn as, the lowest first: `curve.kinds`, or a line with its band. */
export function kindsOf(curve) {
  return curve.kinds ?? USUAL;
}
