/** Menu of one chart: its settings, a step to go to, link and files. */

import { axisOf } from "../axes.js";
import { field, isShared, make, showPopover, textButton } from "../../dom.js";
import { gettext } from "../../i18n.js";
import { nearest } from "../data/series.js";
import { linkTo } from "../full_screen.js";
import { alertButton } from "./alert.js";
import { row } from "./fields.js";
import { fileButtons, say } from "./files.js";
import { settingsFields } from "./settings.js";

/** Open the menu of a chart beside an element, with the focus in the field of that name. */
export function openMenu(chart, beside, focused = "metric") {
  const menu = make("form", { className: "chart-menu", popover: "auto", "aria-label": gettext("Options of {name}", { name: chart.name }) });
  menu.addEventListener("submit", (event) => event.preventDefault());
  // Typing in a field must not trigger keys of the chart or of the page.
  menu.addEventListener("keydown", (event) => event.stopPropagation());
  fill(menu, chart);
  chart.holder.append(menu);
  showPopover(menu, beside, true, () => {
    if (menu.contains(document.activeElement) || document.activeElement === document.body) chart.area.focus({ preventScroll: true });
  });
  menu.elements[focused]?.focus();
}

function fill(menu, chart) {
  const reset = textButton(gettext("Reset chart"), () => refill({}));
  const change = (options) => {
    chart.hooks.optionsChanged(options);
    reset.disabled = !Object.keys(options).length;
  };
  const refill = (options) => {
    change(options);
    fill(menu, chart);
    menu.elements.metric.focus();
  };
  reset.disabled = !Object.keys(chart.hooks.options()).length;
  const link = textButton(gettext("Copy link"), () => say(menu, navigator.clipboard.writeText(linkTo(chart.name)), gettext("Link copied.")));
  const status = make("p", { className: "status", role: "status" });
  menu.replaceChildren(...settingsFields(chart, change, refill), goTo(menu, chart), fileButtons(menu, chart), make("footer", {}, reset, link, ...(isShared ? [] : [alertButton(chart, () => menu.hidePopover())])), status);
}

/** Return the field that moves the cursor to a step, over a metric too, or to a time. */
function goTo(menu, chart) {
  const input = make("input", { name: "step", type: "number", step: "any" });
  const { settings } = chart;
  const axis = axisOf(settings);
  input.addEventListener("change", () => {
    if (input.value === "") return;
    moveTo(chart, Number(input.value) + axis.origin(settings), axis.targetColumn);
    menu.hidePopover();
  });
  return row(gettext("Go to"), field(axis.target, input));
}

/**
 * Move the cursor to the point whose step or x (the `column`) is nearest to a number; a zoomed chart that does not show
 * it shows everything again. The points in view are the finer ones.
 */
function moveTo(chart, target, column) {
  const curves = [...(chart.wholeCurves ?? []), ...chart.curves];
  const points = curves.flatMap(({ series }) => closestTo(series, target, column));
  if (!points.length) return;
  const best = points.reduce((a, b) => (b.distance <= a.distance ? b : a));
  const [from, to] = chart.domain;
  if (best.x < from || best.x > to) chart.hooks.zoom(null);
  chart.area.focus({ preventScroll: true });
  chart.hooks.cursor(best.x);
}

/** Return the point of a curve nearest to a target in a column, as a list; over a metric its steps are in any order. */
function closestTo(series, target, column) {
  const values = series[column] ?? [];
  const distance = (i) => Math.abs(values[i] - target);
  const at = column === "x" ? nearest(values, target) : values.reduce((best, _, i) => (best < 0 || distance(i) < distance(best) ? i : best), -1);
  return at < 0 ? [] : [{ x: series.x[at], distance: distance(at) }];
}
