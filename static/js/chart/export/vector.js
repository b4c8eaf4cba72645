/** Record what is drawn on a canvas as shapes and texts, from which SVG and PDF are written. */

import { drawFigure } from "../render/figure.js";
import { lightPalette } from "../render/palette.js";
import { layOut } from "../scales/layout.js";

/** CSS pixels in a millimetre. */
const MILLIMETRE = 96 / 25.4;
const SHAPE = 0.55;
export const FONT = "Helvetica, Arial, sans-serif";
/** Place of the line that letters stand on, in sizes of the font below a baseline of the canvas. */
const BASELINES = { top: 0.8, middle: 0.35, bottom: -0.2, alphabetic: 0 };

/** Return width and height of the plot, in CSS pixels, of a figure with a width in millimetres. */
export function paperSize(millimetres) {
  const width = millimetres * MILLIMETRE;
  return { width, height: Math.max(160, Math.min(width * SHAPE, 300)) };
}

/** Return {width, height, items} of what a chart shows, on white paper. */
export function vectorPicture(chart, { width, height }) {
  const colours = { ...lightPalette(), font: FONT };
  const plot = layOut(chart.curves, chart.settings, width, height);
  return drawFigure((w, h) => new Recorder(w, h), chart, { width, height, colours, plot });
}

/** The part of a canvas context that charts use. `items` are {kind: "stroke" | "fill" | "text" | "clip" | "end", …}. */
class Recorder {
  constructor(width, height) {
    Object.assign(this, { width, height, items: [], path: [], dash: [], globalAlpha: 1, lineWidth: 1, x: 0, y: 0 });
    Object.assign(this, { font: `12px ${FONT}`, textAlign: "left", textBaseline: "alphabetic", clips: [] });
    this.measure = document.createElement("canvas").getContext("2d");
  }

  beginPath() {
    this.path = [];
  }

  moveTo(x, y) {
    this.path.push(["M", x + this.x, y + this.y]);
  }

  lineTo(x, y) {
    this.path.push([this.path.length ? "L" : "M", x + this.x, y + this.y]);
  }

  closePath() {
    this.path.push(["Z"]);
  }

  rect(x, y, width, height) {
    this.moveTo(x, y);
    this.lineTo(x + width, y);
    this.lineTo(x + width, y + height);
    this.lineTo(x, y + height);
    this.closePath();
  }

  stroke() {
    const { path, lineWidth, dash } = this;
    if (path.length) this.#add("stroke", this.strokeStyle, { path, lineWidth, dash });
  }

  fill() {
    if (this.path.length) this.#add("fill", this.fillStyle, { path: this.path });
  }

  fillRect(x, y, width, height) {
    const { path } = this;
    this.path = [];
    this.rect(x, y, width, height);
    this.fill();
    this.path = path;
  }

  save() {
    this.clips.push(0);
  }

  clip() {
    this.clips[this.clips.length - 1] += 1;
    this.items.push({ kind: "clip", path: this.path });
  }

  restore() {
    for (let open = this.clips.pop(); open > 0; open -= 1) this.items.push({ kind: "end" });
  }

  translate(x, y) {
    this.x += x;
    this.y += y;
  }

  setLineDash(dash) {
    this.dash = dash;
  }

  measureText(text) {
    this.measure.font = this.font;
    return this.measure.measureText(text);
  }

  fillText(text, x, y) {
    if (text) this.#add("text", this.fillStyle, this.#text(text, x, y));
  }

  strokeText(text, x, y) {
    if (text) this.#add("text", this.strokeStyle, { ...this.#text(text, x, y), outline: this.lineWidth });
  }

  #text(text, x, y) {
    const size = Number(/([\d.]+)px/.exec(this.font)[1]);
    const { width } = this.measureText(text);
    const left = x + this.x - { left: 0, center: width / 2, right: width }[this.textAlign];
    return { text, left, base: y + this.y + BASELINES[this.textBaseline] * size, size, width, bold: this.font.includes("600") };
  }

  #add(kind, colour, item) {
    this.items.push({ kind, ...rgb(colour), alpha: this.globalAlpha * rgb(colour).opacity, ...item });
  }
}

const colourValues = new Map();

/** Return a CSS colour as {rgb: [0…255, …], opacity}. */
function rgb(colour) {
  if (!colourValues.has(colour)) {
    const context = document.createElement("canvas").getContext("2d");
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    colourValues.set(colour, { rgb: [r, g, b], opacity: a / 255 });
  }
  return colourValues.get(colour);
}
