/** Popover with the colours of the palette, for a run's own colour. */

import { CURVE_COLOURS } from "../chart/render/colours.js";
import { resolved } from "../chart/render/palette.js";
import { make, showPopover, textButton } from "../dom.js";
import { gettext } from "../i18n.js";

let known = null;

/** Return the colour of a run as the charts name it: of the palette in the theme of the page, or as it is. */
export function paletteName(colour) {
  return hexes().get(colour) ?? colour;
}

/** Return a map of `#rrggbb`, as it is stored, to the name of a palette colour. It is the colour of the light theme. */
function hexes() {
  if (!known) {
    const light = resolved(CURVE_COLOURS, "light");
    known = new Map(CURVE_COLOURS.map((name) => [hex(light[name]), name]));
  }
  return known;
}

function hex(rgb) {
  const channels = rgb.match(/\d+/g).slice(0, 3);
  return `#${channels.map((one) => Number(one).toString(16).padStart(2, "0")).join("")}`;
}

/** Open the popover at a button; `choose(colour)` is called with `#rrggbb`, or "" for the automatic colour. */
export function pickColour(button, own, choose) {
  const popover = make("div", { className: "colour-picker", popover: "auto", role: "group", "aria-label": gettext("Colour") });
  const pick = (colour) => {
    popover.hidePopover();
    choose(colour);
  };
  [...hexes()].forEach(([colour, name], i) => {
    const label = gettext("Colour {n}", { n: i + 1 });
    const swatch = make("button", { type: "button", className: "swatch-button", "aria-label": label, "aria-pressed": String(colour === own) });
    swatch.style.setProperty("--dot", `var(--${name})`);
    swatch.addEventListener("click", () => pick(colour));
    popover.append(swatch);
  });
  const another = gettext("Another colour");
  const custom = make("input", { type: "color", value: own || "#808080", title: another, "aria-label": another });
  custom.addEventListener("change", () => pick(custom.value));
  popover.append(custom, textButton(gettext("Automatic"), () => pick("")));
  document.body.append(popover);
  showPopover(popover, button, false, () => button.focus());
  popover.querySelector("[aria-pressed=true], button").focus();
}
