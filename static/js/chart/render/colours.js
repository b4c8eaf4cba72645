/** Looks of curves: {colour, dash, marker}. Colours repeat with other dashes, and then with markers. Pure. */

const COLOURS = 10;
export const DASHES = [null, [6, 3], [2, 2], [8, 3, 2, 3]];
/** Corners of the shapes along a line, around its middle. */
export const MARKERS = [null, [[-3, -3], [3, -3], [3, 3], [-3, 3]], [[0, -4], [4, 3], [-4, 3]], [[0, -5], [5, 0], [0, 5], [-5, 0]]];

/** Names of the CSS variables that curves are drawn in, the most distinct first. */
export const CURVE_COLOURS = Array.from({ length: COLOURS }, (_, i) => `curve-${i + 1}`);

/** Return the look of a place in the palette: beyond its end, colours repeat in other styles. */
export function lookAt(place) {
  return { colour: CURVE_COLOURS[place % COLOURS], ...styleAt(Math.floor(place / COLOURS)) };
}

/** Return {dash, marker} of a curve whose colour that many others have. */
export function styleAt(others) {
  return { dash: DASHES[others % DASHES.length], marker: MARKERS[Math.floor(others / DASHES.length) % MARKERS.length] };
}

/** Return the CSS colour of a curve: its colour is a name of the palette, or `#rrggbb`. */
export function cssColour(colour) {
  return colour.startsWith("#") ? colour : `var(--${colour})`;
}

/** Paint a marker in the present colour of a canvas. */
export function paintMarker(context, marker, x, y) {
  context.beginPath();
  marker.forEach(([right, down], i) => (i ? context.lineTo(x + right, y + down) : context.moveTo(x + right, y + down)));
  context.closePath();
  context.fill();
}
