/** Which colour and dash a curve has: the same one for the same key, on every chart and every page. */

const COLOURS = 8;
const DASHES = [null, [6, 3], [2, 2], [8, 3, 2, 3]];

/** Names of the CSS variables that curves are drawn in. */
export const CURVE_COLOURS = Array.from({ length: COLOURS }, (_, i) => `curve-${i + 1}`);

/**
 * Key to {colour, dash} for a list of keys. Each key has a place of its own among the colours, and takes the next free
 * one where that is taken: so whoever joins later or leaves changes nothing for those before. When all colours are
 * used, dashes tell curves apart.
 */
export function assign(keys) {
  const given = new Map();
  let used = new Set();
  for (const key of keys) {
    if (given.has(key)) continue;
    if (used.size === COLOURS) used = new Set();
    let place = hash(key) % COLOURS;
    while (used.has(place)) place = (place + 1) % COLOURS;
    used.add(place);
    given.set(key, { colour: CURVE_COLOURS[place], dash: DASHES[Math.floor(given.size / COLOURS) % DASHES.length] });
  }
  return given;
}

/** FNV-1a, 32 bits. */
function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

/** A short piece of the curve as it is drawn. */
export function swatch(colour = "curve-1", dash = null) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 16 8");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", "M0 4H16");
  if (dash) line.setAttribute("stroke-dasharray", dash.join(" "));
  line.style.stroke = `var(--${colour})`;
  svg.append(line);
  return svg;
}
