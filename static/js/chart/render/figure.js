/** A chart as a figure to keep: with title, name of the axis and legend. */

import { gettext } from "../../i18n.js";
import { smoothingWords } from "../smoothing.js";
import { axisOf } from "../axes.js";
import { paintMarker } from "./colours.js";
import { inkOf } from "./palette.js";
import { paint } from "./renderer.js";

const EDGE = 12;
const TITLE = 28;
const LINE = 18;
const SWATCH = 16;

/**
 * Draw what a chart shows on `makeContext(width, height)`, and return it. `width` and `height` are those of the plot,
 * which is arranged for them; `colours` is a palette.
 */
export function drawFigure(makeContext, chart, { width, height, colours, plot }) {
  const entries = place(document.createElement("canvas").getContext("2d"), chart, width - 2 * EDGE, colours);
  const head = TITLE + (entries.length ? (entries.at(-1).line + 1) * LINE + 4 : 0);
  const total = head + height + LINE;
  const context = makeContext(width, total);
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width, total);
  drawHead(context, chart, width, colours);
  for (const entry of entries) drawEntry(context, entry, colours);
  context.translate(0, head);
  paint({ plot: { ...plot, corner: "" }, curves: chart.curves, highlighted: chart.highlighted, colours }, context);
  if (!plot.title) drawAxisName(context, chart, plot, height, colours);
  return context;
}

function font(colours, weight = "") {
  return `${weight} 12px ${colours.font}`;
}

/** Lay out the curve names from left to right, in as many lines as needed. */
function place(context, { curves }, available, colours) {
  if (curves.length < 2) return [];
  context.font = font(colours);
  let [left, line] = [0, 0];
  return curves.map(({ label, series, colour, dash, marker }) => {
    const name = label ?? series.name;
    const size = SWATCH + 6 + context.measureText(name).width + 16;
    if (left && left + size > available) [left, line] = [0, line + 1];
    const entry = { name, colour, dash, marker, line, left: EDGE + left };
    left += size;
    return entry;
  });
}

function drawHead(context, { name, names, settings, holder }, width, colours) {
  const title = names.length > 1 ? names.join(", ") : name;
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillStyle = colours.ink;
  context.font = font(colours, "600");
  const used = context.measureText(title).width + 2 * EDGE;
  context.fillText(title, EDGE, TITLE / 2 + 2);
  const how = [holder.dataset.title ?? document.querySelector("h1")?.textContent.trim() ?? ""];
  if (settings.smoothing) how.push(smoothingWords(settings.smoothing));
  if (settings.log) how.push(gettext("logarithmic"));
  const text = how.filter(Boolean).join(" · ");
  context.font = font(colours);
  context.textAlign = "right";
  context.fillStyle = colours["ink-faint"];
  if (used + context.measureText(text).width < width - EDGE) context.fillText(text, width - EDGE, TITLE / 2 + 2);
}

function drawEntry(context, { name, colour, dash, marker, line, left }, colours) {
  const middle = TITLE + line * LINE + LINE / 2;
  context.strokeStyle = inkOf(colour, colours);
  context.lineWidth = 2;
  context.setLineDash(dash ?? []);
  context.beginPath();
  context.moveTo(left, middle);
  context.lineTo(left + SWATCH, middle);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = inkOf(colour, colours);
  if (marker) paintMarker(context, marker, left + SWATCH / 2, middle);
  context.font = font(colours);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = colours["ink-soft"];
  context.fillText(name, left + SWATCH + 6, middle);
}

function drawAxisName(context, { settings }, plot, height, colours) {
  context.font = font(colours);
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = colours["ink-faint"];
  const text = [axisOf(settings).nameIn(settings), ...(plot.x.log ? [gettext("logarithmic")] : [])].join(", ");
  context.fillText(text, (plot.box.left + plot.box.right) / 2, height);
}
