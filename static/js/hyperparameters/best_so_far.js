/** The value of a metric over the runs of a search, and the best of them until then. */

import { frame, picture, widthOf } from "../chart/render/svg.js";
import { axisOf } from "../chart/scales/picture_axis.js";
import { formatNumber } from "../chart/text/format.js";
import { svg } from "../dom.js";
import { ngettext } from "../i18n.js";

const HEIGHT = 200;

/** Return [place, value] of each run that is better than all before it; `mode`: "min" or "max". Pure. */
export function records(values, mode) {
  const isBetter = mode === "min" ? (a, b) => a < b : (a, b) => a > b;
  return values.reduce((found, value, i) => (!found.length || isBetter(value, found.at(-1)[1]) ? [...found, [i, value]] : found), []);
}

/** `shown`: as in scatter.js, in the order of their starts; `metric`: {name, values}. */
export function drawBestSoFar(holder, shown, metric, mode) {
  const values = shown.map(({ i }) => metric.values[i]);
  const best = records(values, mode);
  if (!best.length) return;
  const width = widthOf(holder);
  const box = { left: 64, right: width - 24, top: 28, bottom: HEIGHT - 28 };
  const words = { name: metric.name, best: formatNumber(best.at(-1)[1]), run: shown[best.at(-1)[0]].label };
  const drawing = picture(holder, width, HEIGHT, ngettext("Best {name} of {n} run: {best}, {run}.", "Best {name} of {n} runs: {best}, {run}.", shown.length, words));
  const up = axisOf(metric, shown, [box.bottom, box.top]);
  const across = (place) => box.left + ((box.right - box.left) * (place + 1)) / (shown.length + 1);
  frame(drawing, box, up);
  svg("text", { class: "name", x: 0, y: 12 }, drawing, metric.name);
  const steps = best.map(([place, value], i) => `${i ? "H" : "M"}${across(place)}${i ? "V" : " "}${up.at(value)}`);
  svg("path", { class: "best-line", d: `${steps.join("")}H${box.right}` }, drawing);
  for (const [place, { label, ink }] of shown.entries()) {
    const dot = svg("circle", { cx: across(place), cy: up.at(values[place]), r: 3.5, fill: ink, class: "dot" }, drawing);
    svg("title", {}, dot, `${label}: ${formatNumber(values[place])}`);
  }
}
