/** A text as a mask of black dots, for a file whose fonts lack its characters. */

import { FONT } from "./vector.js";

/** Dots in a CSS pixel. */
const DENSITY = 6;
const [ABOVE, BELOW] = [1.1, 0.35];

/** Return {columns, rows, bits, width, height, below}: rows of whole bytes, and the size in CSS pixels. */
export function glyphMask({ text, size, width: advance, bold }) {
  const columns = Math.max(8, Math.ceil((advance * DENSITY) / 8) * 8);
  const rows = Math.ceil(size * (ABOVE + BELOW) * DENSITY);
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d");
  context.scale(DENSITY, DENSITY);
  context.font = `${bold ? "600 " : ""}${size}px ${FONT}`;
  context.fillText(text, 0, size * ABOVE);
  const { data } = context.getImageData(0, 0, columns, rows);
  let bits = "";
  for (let i = 0; i < columns * rows; i += 8) {
    let byte = 0;
    for (let j = 0; j < 8; j += 1) byte = byte * 2 + Number(data[(i + j) * 4 + 3] > 127);
    bits += String.fromCharCode(byte);
  }
  return { columns, rows, bits, width: columns / DENSITY, height: rows / DENSITY, below: size * BELOW };
}
