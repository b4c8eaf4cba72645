/** Elements of cells: the frame of a chart, a text, and the handles by which both are moved and resized. */

import { gettext } from "../i18n.js";
import { iconButton, make } from "../dom.js";
import { showText } from "./texts.js";

/** The title of a section as a reader sees it. */
export function titleOf({ kind, title }) {
  return { pinned: gettext("Pinned"), hidden: gettext("Hidden") }[kind] ?? (title || gettext("metrics"));
}

/** Width and height in steps of the grid: the board's twelve columns are three steps. */
export function sizeOf({ item, kind }) {
  const [columns, rows] = item?.size ?? [kind === "text" ? 12 : 4, 1];
  return [Math.min(3, Math.max(1, Math.round(columns / 4))), Math.min(3, Math.max(1, rows))];
}

/** Make the frame of a chart; the `ChartController` puts the chart into it. */
export function figureOf({ name, timeOnly }) {
  const title = make("h3", { className: "clip", title: name }, make("bdi"));
  const figure = make("figure", {}, make("figcaption", {}, title, make("output")));
  figure.dataset.name = name;
  if (timeOnly) figure.dataset.axis = "time";
  return figure;
}

export function textCell(text) {
  const prose = make("div", { className: "markdown prose" });
  showText(prose, text);
  return make("article", { className: "text-cell" }, prose);
}

/** Add the grip, the menu button and the corner of a cell. */
export function addHandles(element, { name, kind }, hooks) {
  const label = kind === "text" ? gettext("text") : name;
  const grip = iconButton("grip", gettext("Move {name}", { name: label }), { className: "button quiet small grip" });
  grip.title = gettext("Drag to move, or press Enter and use the arrow keys");
  const menu = iconButton("more", gettext("Menu of {name}", { name: label }), { className: "button quiet small more", "aria-haspopup": "menu" });
  menu.title = gettext("Menu");
  menu.addEventListener("click", () => hooks.cellMenu(element.dataset.cell, menu));
  const corner = make("button", { type: "button", className: "corner", "aria-label": gettext("Resize {name}", { name: label }) });
  corner.title = gettext("Drag or use the arrow keys to resize");
  if (kind === "text") element.prepend(make("div", { className: "text-tools" }, grip, menu));
  else {
    const caption = element.querySelector("figcaption");
    caption.prepend(grip);
    caption.append(menu);
  }
  element.append(corner);
  return element;
}
