/** Colour and dash of each curve: the same for the same key on every chart and page. */

const COLOURS = 8;
const DASHES = [null, [6, 3], [2, 2], [8, 3, 2, 3]];

/** Names of the CSS variables that curves are drawn in. */
export const CURVE_COLOURS = Array.from({ length: COLOURS }, (_, i) => `curve-${i + 1}`);

/**
 * Return a map of key to {colour, dash}. A key's hash selects its colour, or the next free one, so a key that is added
 * later changes none before it. When all colours are used, dashes differ.
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

/** Return a sample of a curve's line, as SVG. */
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
