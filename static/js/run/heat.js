/** Painting histograms: `spread` is pure, the others paint on a canvas in the colours of the theme. */

import { tickLabel } from "../chart/format.js";
import { palette } from "../chart/palette.js";
import { linearTicks } from "../chart/ticks.js";

const LEFT = 48;
const MAP_HEIGHT = 140;
const BARS_HEIGHT = 110;
const AXIS = 18;
const ROWS = 70;

/** For one histogram the part of its values in each of `rows` equal intervals of [low, high], the fullest being 1. */
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
  const edges = items.filter((one) => one.edges.length).map((one) => [one.edges[0], one.edges.at(-1)]);
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
export function drawBars(canvas, { edges, counts }) {
  const { context, width, colours } = prepare(canvas, BARS_HEIGHT);
  const floor = BARS_HEIGHT - AXIS;
  context.strokeStyle = colours.axis;
  context.beginPath();
  context.moveTo(LEFT, floor + 0.5);
  context.lineTo(width, floor + 0.5);
  context.stroke();
  if (!counts.length) return;
  const [low, high] = [edges[0], edges.at(-1)];
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const x = (value) => LEFT + ((value - low) / (high - low)) * (width - LEFT - 8);
  context.fillStyle = colours["curve-1"];
  for (const [i, count] of counts.entries()) {
    const height = (count / most) * (floor - 8);
    context.fillRect(x(edges[i]), floor - height, Math.max(1, x(edges[i + 1]) - x(edges[i]) - 1), height);
  }
  context.fillStyle = colours["ink-soft"];
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText(tickLabel(most, most), LEFT - 6, 10);
  context.textAlign = "center";
  const ticks = linearTicks(low, high, Math.max(2, Math.round(width / 90)));
  for (const tick of ticks) {
    const label = tickLabel(tick, ticks[1] - ticks[0] || 1);
    const half = context.measureText(label).width / 2;
    context.fillText(label, Math.min(width - half, x(tick)), BARS_HEIGHT - 8);
  }
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
