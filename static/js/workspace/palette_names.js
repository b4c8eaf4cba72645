/** Names in the palette of the colours that users gave to runs. */

import { CURVE_COLOURS } from "../chart/render/colours.js";
import { resolved } from "../chart/render/palette.js";

let names = null;

/** Return the colour of a run as the charts name it: of the palette in the theme of the page, or as it is. */
export function paletteName(colour) {
  return hexes().get(colour) ?? colour;
}

/** Return a map of `#rrggbb`, as it is stored, to the name of a palette colour. It is the colour of the light theme. */
export function hexes() {
  if (!names) {
    const light = resolved(CURVE_COLOURS, "light");
    names = new Map(CURVE_COLOURS.map((name) => [hex(light[name]), name]));
  }
  return names;
}

function hex(rgb) {
  const channels = rgb.match(/\d+/g).slice(0, 3);
  return `#${channels.map((channel) => Number(channel).toString(16).padStart(2, "0")).join("")}`;
}
