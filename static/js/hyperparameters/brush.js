/** Brushing: a dragged rectangle becomes a condition of the list, which filters everything on the page. */

import { svg } from "../dom.js";
import { conjunction } from "./conditions.js";

const SMALLEST = 4;
/** Longest condition that the server reads. */
const LONGEST = 2000;

/**
 * Let a user drag a rectangle over `drawing`, an SVG element whose `box` is {left, right, top, bottom}. `fit(from)` returns the box that a drag from
 * [x, y] may cover, or null where none begins; `done(area)` gets the corners {left, right, top, bottom}.
 */
export function wireBrush(drawing, fit, done) {
  const at = (event) => {
    const { left, top, width, height } = drawing.getBoundingClientRect();
    const { width: across, height: down } = drawing.viewBox.baseVal;
    return [((event.clientX - left) * across) / width, ((event.clientY - top) * down) / height];
  };
  let drag = null;
  drawing.addEventListener("pointerdown", (event) => {
    const from = at(event);
    const box = event.button === 0 && fit(from);
    if (!box) return;
    drag = { from, box, shade: svg("rect", { class: "brush" }, drawing) };
    drawing.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.area = areaOf(drag, at(event));
    const { left, right, top, bottom } = drag.area;
    for (const [name, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) drag.shade.setAttribute(name, value);
  });
  drawing.addEventListener("pointerup", () => {
    const area = drag?.area;
    drag?.shade.remove();
    drag = null;
    if (area && Math.max(area.right - area.left, area.bottom - area.top) >= SMALLEST) done(area);
  });
  drawing.addEventListener("pointercancel", () => {
    drag?.shade.remove();
    drag = null;
  });
}

/** Return the rectangle of a drag, as wide as its box where that is narrow. */
function areaOf({ from, box }, to) {
  const [left, right] = box.isColumn ? [box.left, box.right] : between(from[0], to[0], box.left, box.right);
  const [top, bottom] = between(from[1], to[1], box.top, box.bottom);
  return { left, right, top, bottom };
}

function between(start, end, low, high) {
  return [start, end].map((value) => Math.min(high, Math.max(low, value))).sort((a, b) => a - b);
}

/** Filter the list, and with it everything on the page, by a condition beside its own. */
export function filterBy(condition) {
  const input = document.getElementById("where");
  if (!input || !condition) return;
  const both = conjunction(input.value, condition);
  if (both.length > LONGEST) return;
  input.value = both;
  input.form.requestSubmit();
}
