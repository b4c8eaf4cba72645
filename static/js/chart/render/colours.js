/** Colour and dash of curves. */

const COLOURS = 10;
export const DASHES = [null, [6, 3], [2, 2], [8, 3, 2, 3]];

/** Names of the CSS variables that curves are drawn in, the most distinct first. */
export const CURVE_COLOURS = Array.from({ length: COLOURS }, (_, i) => `curve-${i + 1}`);

/** Return colour and dash of a place in the palette; beyond its end, colours repeat with other dashes. */
export function lookAt(place) {
  return { colour: CURVE_COLOURS[place % COLOURS], dash: DASHES[Math.floor(place / COLOURS) % DASHES.length] };
}

/** Return the CSS colour of a curve: its colour is a name of the palette, or `#rrggbb`. */
export function cssColour(colour) {
  return colour.startsWith("#") ? colour : `var(--${colour})`;
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
  line.style.stroke = cssColour(colour);
  svg.append(line);
  return svg;
}
