/** The colours of a canvas, read from the CSS variables, and read again when the theme changes. */

import { CURVE_COLOURS } from "./colours.js";

const NAMES = ["ink", "ink-soft", "ink-faint", "grid", "axis", "mark", "paper", "interrupted", ...CURVE_COLOURS];
const watchers = new Set();
let colours = null;

/** Variable name to a colour that a canvas understands. */
export function palette() {
  colours ??= read();
  return colours;
}

/** Call `redraw` whenever the theme changes. */
export function onThemeChange(redraw) {
  watchers.add(redraw);
}

/** A variable may hold `light-dark(…)`, which only a real property resolves: so an element tries each of them on. */
function read() {
  const probe = document.createElement("i");
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const found = {};
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    found[name] = style.color;
  }
  found.font = style.fontFamily;
  probe.remove();
  return found;
}

function changed() {
  colours = null;
  for (const redraw of watchers) redraw();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
document.addEventListener("themechange", changed);
