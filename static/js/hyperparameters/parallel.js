/** Parallel coordinates: one line per run across the axes, the last of which is the metric. */

import { picture, widthOf } from "../chart/render/svg.js";
import { axisOf, short } from "../chart/scales/picture_axis.js";
import { svg } from "../dom.js";
import { ngettext } from "../i18n.js";
import { wireBrush } from "./brush.js";
import { conditionOf } from "./conditions.js";
import { CROWD, OTHERS } from "./crowd.js";

const HEIGHT = 300;
const TOP = 44;
const BOTTOM = HEIGHT - 28;
const SIDE = 56;
const GAP = 76;
const CHARACTER = 7;
/** Pixels beside an axis where a drag along it may begin. */
const NEAR = 12;

/** `shown`: [{label, ink, i}]; `axes`: [{name, field, values, log?}]. `brushed(condition)`: a user has dragged along an axis. */
export function drawParallel(holder, shown, axes, brushed) {
  const names = axes.map(({ name }) => name);
  // With many axes the chart is wider than the page and scrolls, so that their names do not overlap.
  const width = Math.max(widthOf(holder), 2 * SIDE + GAP * (axes.length - 1));
  holder.tabIndex = width > holder.clientWidth ? 0 : -1;
  const keys = names.join(", ");
  const label = ngettext("{n} run over {keys}. The other panels have the values.", "{n} runs over {keys}. The other panels have the values.", shown.length, { keys });
  const drawing = picture(holder, width, HEIGHT, label);
  const gap = (width - 2 * SIDE) / (axes.length - 1);
  const placed = axes.map((axis, i) => ({ ...axis, left: SIDE + gap * i, ...axisOf(axis, shown, [BOTTOM, TOP]) }));
  const isCrowd = shown.length > CROWD;
  for (const run of shown) {
    const path = svg("path", { class: isCrowd && run.ink === OTHERS ? "run faint" : "run", d: lineOf(placed, run.i), stroke: run.ink }, drawing);
    svg("title", {}, path, `${run.label}: ${placed.map(({ name, values }) => `${name} ${values[run.i] ?? "–"}`).join(", ")}`);
  }
  const columnAt = ([x]) => placed.find(({ left }) => Math.abs(left - x) <= NEAR);
  const columnBox = ({ left }) => ({ left: left - NEAR, right: left + NEAR, top: TOP - NEAR, bottom: BOTTOM + NEAR, isColumn: true });
  wireBrush(drawing, (from) => columnAt(from) && columnBox(columnAt(from)), ({ left, right, top, bottom }) => {
    const { field, within } = columnAt([(left + right) / 2]);
    brushed(conditionOf(field, within(top, bottom)));
  });
  const longest = Math.floor((gap - 12) / CHARACTER);
  for (const [i, { name, left, ends, step }] of placed.entries()) {
    svg("path", { class: "axis", d: `M${left} ${TOP}V${BOTTOM}` }, drawing);
    const head = svg("text", { class: "name", x: left, y: 14, "text-anchor": "middle" }, drawing, short(name, Math.floor((gap - 8) / CHARACTER)));
    svg("title", {}, head, name);
    const most = i < placed.length - 1 ? longest : Math.floor((SIDE - 6) / CHARACTER);
    for (const [at, text, place] of labelled(ends, step)) svg("title", {}, svg("text", { ...place(left, at) }, drawing, short(text, most)), text);
  }
}

/** Return the labels of an axis with their places: words beside it, the ends of numbers beyond it, where no line runs. */
function labelled(ends, step) {
  const beside = (left, at) => ({ x: left + 6, y: at + 4 });
  if (step || ends.length < 2) return ends.map((end) => [...end, beside]);
  const beyond = (isTop) => (left) => ({ x: left, y: isTop ? TOP - 8 : BOTTOM + 16, "text-anchor": "middle" });
  return ends.map(([at, text]) => [at, text, beyond(at < (TOP + BOTTOM) / 2)]);
}

/** Return the path of a run, with gaps at missing values. */
function lineOf(placed, i) {
  let pen = "M";
  let path = "";
  for (const { left, values, at } of placed) {
    const down = at(values[i]);
    if (down !== null) path += `${pen}${left} ${down}`;
    pen = down === null ? "M" : "L";
  }
  return path;
}
