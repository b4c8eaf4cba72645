/** The colours of a canvas, read from the CSS variables, and read again when the theme changes. */

import { CURVE_COLOURS } from "./colours.js";

const NAMES = ["ink", "ink-soft", "ink-faint", "grid", "axis", "mark", "paper", "interrupted", ...CURVE_COLOURS];
const system = matchMedia("(prefers-color-scheme: dark)");
const watchers = new Set();
let colours = null;

/** Variable name to a colour that a canvas understands. */
export function palette() {
  colours ??= resolved(NAMES);
  return colours;
}

/** Return the colours of the light theme, for paper. */
export function lightPalette() {
  return resolved(NAMES, "light");
}

/** Return the colour of a curve as a canvas understands it. */
export function inkOf(colour = CURVE_COLOURS[0], colours = palette()) {
  return colours[colour] ?? colour;
}

/** Call `redraw` whenever the theme changes. */
export function onThemeChange(redraw) {
  watchers.add(redraw);
}

/** Call `redraw` whenever a canvas looks otherwise: in another theme, or with the font that has arrived. */
export function onAppearanceChange(redraw) {
  onThemeChange(redraw);
  document.addEventListener("fontchange", redraw);
}

/** Whether the theme is dark, by setting or by system. */
export function isDark() {
  return (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
}

/** The variables of these names as they are in the present theme, or in that which is named. */
export function resolved(names, theme = "") {
  // One may hold `light-dark(…)`, which only a real property resolves: so an element tries each of them on.
  const probe = document.createElement("i");
  probe.style.colorScheme = theme;
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const values = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    values[name] = style.color;
  }
  values.font = style.fontFamily;
  probe.remove();
  return values;
}

function changed() {
  colours = null;
  for (const redraw of watchers) redraw();
}

system.addEventListener("change", changed);
document.addEventListener("themechange", changed);
