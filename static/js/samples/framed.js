/** Small curves of the samples with a title and the scale of both axes. */

import { make, svg } from "../dom.js";
import { number } from "./texts.js";

const [SIZE, GAP] = [100, 6];

/** Return a picture of the curve of `values` at `xs`; `mark`: the index of a vertical line, `range`: of y, `below`: elements under it. */
export function framed(title, unit, xs, values, { mark, range, below = [], className = "" } = {}) {
  const numbers = values.filter((value) => value !== null);
  const [low, high] = range ?? [Math.min(...numbers), Math.max(...numbers)];
  const x = (n) => (values.length > 1 ? (n / (values.length - 1)) * SIZE : SIZE / 2).toFixed(1);
  const y = (value) => (SIZE - GAP - (high === low ? 0.5 : (value - low) / (high - low)) * (SIZE - 2 * GAP)).toFixed(1);
  const picture = svg("svg", { class: className, viewBox: `0 0 ${SIZE} ${SIZE}`, preserveAspectRatio: "none", role: "img", "aria-label": title });
  const points = values.flatMap((value, n) => (value === null ? [] : [`${x(n)},${y(value)}`]));
  // A line of one point would not be drawn.
  svg("polyline", { points: [...points, points.at(-1)].join(" ") }, picture);
  if (mark >= 0) svg("line", { x1: x(mark), x2: x(mark), y1: 0, y2: SIZE }, picture);
  const ends = (side, ...texts) => make("div", { className: `ends ${side} faint` }, ...texts.map((textContent) => make("span", { textContent })));
  const figure = make("figure", { className: "framed" }, make("figcaption", { textContent: title }),
    ends("y", ...new Set([number(high), number(low)])), picture, ...below, ends("x", number(xs[0]), unit, number(xs.at(-1))));
  return { figure, picture, x, y };
}
