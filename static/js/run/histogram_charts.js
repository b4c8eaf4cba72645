/** Painting histograms: `spread` is pure, the others paint on a canvas in the colours of the theme. */

import { bars } from "../chart/kinds/bars.js";
import { drawAxes } from "../chart/render/axes.js";
import { palette } from "../chart/render/palette.js";
import { makeScale } from "../chart/scales/scale.js";
import { linearTicks } from "../chart/scales/ticks.js";
import { tickLabel } from "../chart/text/format.js";

const LEFT = 48;
const MAP_HEIGHT = 140;
const BARS_HEIGHT = 110;
const AXIS = 18;
const ROWS = 70;

/** Rebin one histogram into `rows` equal intervals of [low, high], relative to the fullest. */
export function spread({ edges, counts }, low, high, rows) {
  const parts = new Float64Array(rows);
  const width = (high - low) / rows;
  for (const [i, count] of counts.entries()) {
    const [from, to] = [(edges[i] - low) / width, (edges[i + 1] - low) / width];
    const [first, last] = [Math.max(0, Math.floor(from)), Math.min(rows - 1, Math.ceil(to) - 1)];
    for (let row = first; row <= last; row += 1) {
      const shared = Math.min(to, row + 1) - Math.max(from, row);
      parts[row] += to > from ? (count * shared) / (to - from) : count;
    }
  }
  const most = parts.reduce((a, b) => Math.max(a, b), 0);
  return most ? parts.map((part) => part / most) : parts;
}

/** From the lowest to the highest value of all histograms. */
export function bounds(items) {
  const edges = items.filter(({ edges }) => edges.length).map(({ edges }) => [edges[0], edges.at(-1)]);
  if (!edges.length) return [0, 1];
  const low = edges.reduce((a, [from]) => Math.min(a, from), Infinity);
  const high = edges.reduce((a, [, to]) => Math.max(a, to), -Infinity);
  return high - low > 0 && Number.isFinite(high - low) ? [low, high] : [low - 0.5, low + 0.5];
}

/** All of `items` from left to right, values upwards; the chosen one is marked. */
export function drawMap(canvas, items, chosen) {
  const { context, width, colours } = prepare(canvas, MAP_HEIGHT);
  const [low, high] = bounds(items);
  const column = (width - LEFT) / items.length;
  const row = MAP_HEIGHT / ROWS;
  context.fillStyle = colours["curve-1"];
  for (const [i, item] of items.entries()) {
    for (const [n, part] of spread(item, low, high, ROWS).entries()) {
      if (!part) continue;
      context.globalAlpha = 0.06 + 0.94 * part;
      context.fillRect(LEFT + i * column, MAP_HEIGHT - (n + 1) * row, Math.max(1, column + 0.5), row + 0.5);
    }
  }
  context.globalAlpha = 1;
  const ticks = linearTicks(low, high, 4);
  context.fillStyle = colours["ink-soft"];
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const tick of ticks) {
    const y = MAP_HEIGHT - ((tick - low) / (high - low)) * MAP_HEIGHT;
    context.fillText(tickLabel(tick, ticks[1] - ticks[0] || 1), LEFT - 6, Math.min(MAP_HEIGHT - 6, Math.max(6, y)));
  }
  context.strokeStyle = colours.ink;
  if (items.length > 1) context.strokeRect(LEFT + chosen * column + 0.5, 0.5, Math.max(2, column - 1), MAP_HEIGHT - 1);
  canvas.left = LEFT;
}

/** One histogram as bars, as high as its fullest interval. */
export function drawBars(canvas, histogram) {
  const { context, width, colours } = prepare(canvas, BARS_HEIGHT);
  const { edges } = histogram;
  const box = { left: LEFT, right: width, top: 8, bottom: BARS_HEIGHT - AXIS };
  const most = bars.range(histogram)[1];
  const [low, high] = edges.length ? [edges[0], edges.at(-1)] : [0, 1];
  const ticks = edges.length ? linearTicks(low, high, Math.max(2, Math.round(width / 90))) : [];
  const plot = {
    box,
    x: makeScale([low, high], [LEFT, width - 8]),
    y: makeScale([0, most], [box.bottom, box.top]),
    xTicks: ticks.map((value) => ({ value, label: tickLabel(value, ticks[1] - ticks[0] || 1) })),
    yTicks: edges.length ? [{ value: most, label: tickLabel(most, most) }] : [],
  };
  drawAxes(context, plot, colours);
  bars.paint(context, plot, histogram, { ink: colours["curve-1"] });
}

function prepare(canvas, height) {
  const width = Math.max(LEFT + 10, canvas.clientWidth);
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  const colours = palette();
  context.scale(scale, scale);
  context.font = `11px ${colours.font}`;
  return { context, width, colours };
}
