/** Export of a chart as a PNG with title, axis name and legend, in the colours of the theme. */

import { gettext } from "../../i18n.js";
import { AXES } from "../text/descriptions.js";
import { inkOf, palette } from "./palette.js";

const DENSITY = 2;
const EDGE = 12;
const TITLE = 28;
const LINE = 18;
const SWATCH = 16;

/** A canvas with the picture of what the chart shows at this moment. */
export function picture(chart) {
  const { clientWidth: width, clientHeight: height } = chart.area;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const entries = place(context, chart, width - 2 * EDGE);
  const head = TITLE + (entries.length ? (entries.at(-1).line + 1) * LINE + 4 : 0);
  canvas.width = width * DENSITY;
  canvas.height = (head + height + LINE) * DENSITY;
  context.scale(DENSITY, DENSITY);
  context.fillStyle = palette().paper;
  context.fillRect(0, 0, width, head + height + LINE);
  drawHead(context, chart, width);
  for (const entry of entries) drawEntry(context, entry);
  context.translate(0, head);
  chart.paint(context);
  drawAxisName(context, chart, width, height);
  return canvas;
}

function font(weight = "") {
  return `${weight} 12px ${palette().font}`;
}

/** Lay out the curve names from left to right, in as many lines as needed. */
function place(context, { curves }, available) {
  if (curves.length < 2) return [];
  context.font = font();
  let [left, line] = [0, 0];
  return curves.map(({ label, series, colour, dash }) => {
    const name = label ?? series.name;
    const size = SWATCH + 6 + context.measureText(name).width + 16;
    if (left && left + size > available) [left, line] = [0, line + 1];
    const entry = { name, colour, dash, line, left: EDGE + left };
    left += size;
    return entry;
  });
}

function drawHead(context, { name, settings, holder }, width) {
  const colours = palette();
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillStyle = colours.ink;
  context.font = font("600");
  context.fillText(name, EDGE, TITLE / 2 + 2, width - 2 * EDGE);
  const used = context.measureText(name).width + 2 * EDGE;
  const how = [holder.dataset.title ?? document.querySelector("h1")?.textContent.trim() ?? ""];
  if (settings.smoothing) how.push(gettext("smoothed {weight}", { weight: settings.smoothing }));
  if (settings.log) how.push(gettext("logarithmic"));
  context.font = font();
  context.textAlign = "right";
  context.fillStyle = colours["ink-faint"];
  if (used < width - 120) context.fillText(how.filter(Boolean).join(" · "), width - EDGE, TITLE / 2 + 2, width - used - EDGE);
}

function drawEntry(context, { name, colour, dash, line, left }) {
  const colours = palette();
  const middle = TITLE + line * LINE + LINE / 2;
  context.strokeStyle = inkOf(colour);
  context.lineWidth = 2;
  context.setLineDash(dash ?? []);
  context.beginPath();
  context.moveTo(left, middle);
  context.lineTo(left + SWATCH, middle);
  context.stroke();
  context.setLineDash([]);
  context.font = font();
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = colours["ink-soft"];
  context.fillText(name, left + SWATCH + 6, middle);
}

function drawAxisName(context, { settings, plot }, width, height) {
  context.font = font();
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = palette()["ink-faint"];
  context.fillText([AXES[settings.axis].name, ...(plot.x.log ? [gettext("logarithmic")] : [])].join(", "), (plot.box.left + plot.box.right) / 2, height);
}
