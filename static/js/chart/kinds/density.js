/**
 * How many curves pass each cell of a grid, as a shade: `curve.density` is {x, low, high, scale, rows, levels} as in the
 * answer of `/series/distribution`, where `levels` is base64 of a byte per cell, row by row from the lowest.
 */

const STRONGEST = 0.85;
/** Levels are logarithms: by this power full cells differ more from others. */
const CONTRAST = 1.6;
const images = new WeakMap();

export const density = {
  range({ density: grid }) {
    return grid ? [grid.low, grid.high] : null;
  },

  paint(context, plot, { density: grid }, { ink, shade }) {
    if (!grid) return;
    const columns = grid.x.length;
    const [top, bottom] = [grid.high, grid.low].map(plot.y.at);
    context.globalAlpha = STRONGEST * Math.max(shade, 0.5);
    if (!(context instanceof CanvasRenderingContext2D)) return paintCells(context, plot, grid, ink);
    const image = imageOf(grid, ink);
    context.imageSmoothingEnabled = false;
    const edges = edgesOf(grid.x).map(plot.x.at);
    if (plot.x.log) for (let i = 0; i < columns; i += 1) context.drawImage(image, i, 0, 1, grid.rows, edges[i], top, edges[i + 1] - edges[i], bottom - top);
    else context.drawImage(image, edges[0], top, edges.at(-1) - edges[0], bottom - top);
  },
};

/** Return the edges of columns given by their middles. */
function edgesOf(x) {
  const width = x.length > 1 ? x[1] - x[0] : 1;
  return [...x.map((middle) => middle - width / 2), x.at(-1) + width / 2];
}

/** Return a canvas with a pixel for each cell. */
function imageOf(grid, ink) {
  const cached = images.get(grid);
  if (cached?.ink === ink) return cached.canvas;
  const canvas = new OffscreenCanvas(grid.x.length, grid.rows);
  const context = canvas.getContext("2d");
  context.fillStyle = ink;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const data = context.getImageData(0, 0, canvas.width, canvas.height);
  const levels = levelsOf(grid);
  for (let row = 0; row < grid.rows; row += 1) {
    for (let column = 0; column < canvas.width; column += 1) {
      data.data[4 * ((grid.rows - 1 - row) * canvas.width + column) + 3] = levels[row * canvas.width + column];
    }
  }
  context.putImageData(data, 0, 0);
  images.set(grid, { ink, canvas });
  return canvas;
}

function levelsOf({ levels }) {
  return Uint8Array.from(atob(levels), (character) => Math.ceil(255 * (character.charCodeAt(0) / 255) ** CONTRAST));
}

/** Files have shapes instead of pixels: one for each cell. */
function paintCells(context, plot, grid, ink) {
  const [levels, edges, strongest] = [levelsOf(grid), edgesOf(grid.x), context.globalAlpha];
  const height = (plot.y.at(grid.low) - plot.y.at(grid.high)) / grid.rows;
  context.fillStyle = ink;
  for (const [i, level] of levels.entries()) {
    if (!level) continue;
    const [row, column] = [Math.floor(i / grid.x.length), i % grid.x.length];
    const [left, right] = [edges[column], edges[column + 1]].map(plot.x.at);
    context.globalAlpha = (strongest * level) / 255;
    context.fillRect(left, plot.y.at(grid.low) - (row + 1) * height, right - left, height);
  }
}
