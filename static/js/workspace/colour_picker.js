/** Popover with the colours of the palette, for a run's own colour. */

import { make, showPopover, textButton } from "../dom.js";
import { gettext } from "../i18n.js";
import { hexes } from "./palette_names.js";

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
