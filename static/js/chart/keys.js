/** Keys of the charts of a page: f is full screen, g goes to a step, m opens the menu. */

import { isShortcut } from "../dom.js";
import { toggleFull } from "./full_screen.js";

const COMMANDS = { f: toggleFull, g: (chart) => chart.openMenu("step"), m: (chart) => chart.openMenu() };
const FIGURE = "figure[data-name]";

/** Wire the keys: they act on the chart under the pointer, or on that with the focus if the focus moved last. */
export function attachKeys(chartOf) {
  let isPointed = false;
  const note = ({ type }) => (isPointed = type !== "focusin");
  for (const sign of ["pointermove", "wheel", "focusin"]) document.addEventListener(sign, note, { passive: true, capture: true });
  // On the body, so that keys of the page on the document, such as `g` of the table, are not pressed as well.
  document.body.addEventListener("keydown", (event) => {
    const command = Object.hasOwn(COMMANDS, event.key) && isShortcut(event) && COMMANDS[event.key];
    const under = [...document.querySelectorAll(`${FIGURE}:hover`)].at(-1);
    const focused = event.target.closest(FIGURE);
    const chart = command && chartOf((isPointed ? under ?? focused : focused ?? under));
    if (!chart?.plot || event.repeat) return;
    command(chart);
    event.preventDefault();
    event.stopPropagation();
  });
}
