/** Write a recorded picture (vector.js) as SVG. */

import { FONT } from "./vector.js";

const MILLIMETRES = 25.4 / 96;

/** Return the text of a file. */
export function svgText({ width, height, items }) {
  let clips = 0;
  const shapes = items.map((item) => {
    if (item.kind === "clip") {
      clips += 1;
      return `<clipPath id="c${clips}"><path d="${lines(item.path)}"/></clipPath><g clip-path="url(#c${clips})">`;
    }
    return item.kind === "end" ? "</g>" : item.kind === "text" ? text(item) : shape(item);
  });
  const size = `width="${round(width * MILLIMETRES)}mm" height="${round(height * MILLIMETRES)}mm" viewBox="0 0 ${round(width)} ${round(height)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${FONT}">\n${shapes.join("\n")}\n</svg>\n`;
}

function shape({ kind, path, rgb, alpha, lineWidth, dash }) {
  const d = `<path d="${lines(path)}"`;
  if (kind === "fill") return `${d} fill="${colour(rgb)}"${faint("fill", alpha)}/>`;
  const dashes = dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "";
  return `${d} fill="none" stroke="${colour(rgb)}" stroke-width="${lineWidth}" stroke-linejoin="round"${dashes}${faint("stroke", alpha)}/>`;
}

function text({ text: content, left, base, size, bold, rgb, alpha, outline }) {
  const paint = outline ? `fill="none" stroke="${colour(rgb)}" stroke-width="${outline}" stroke-linejoin="round"` : `fill="${colour(rgb)}"${faint("fill", alpha)}`;
  const place = `x="${round(left)}" y="${round(base)}" font-size="${size}"${bold ? ' font-weight="bold"' : ""}`;
  return `<text ${place} ${paint}>${escaped(content)}</text>`;
}

function lines(path) {
  return path.map(([command, x, y]) => (command === "Z" ? "Z" : `${command}${round(x)} ${round(y)}`)).join("");
}

function faint(name, alpha) {
  return alpha < 1 ? ` ${name}-opacity="${round(alpha)}"` : "";
}

function colour([r, g, b]) {
  return `rgb(${r},${g},${b})`;
}

function round(value) {
  return Math.round(value * 100) / 100;
}

/** Text of an XML file; it has no place for control characters. */
function escaped(content) {
  const signs = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return content.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd").replace(/[&<>]/g, (sign) => signs[sign]);
}
