/** Menu of one chart: its settings, a step to go to, link and files. */

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

/** Return the field that moves the cursor to a step, or to another value of the x axis that is a number. */
function goTo(menu, chart) {
  const input = make("input", { name: "step", type: "number", step: "any" });
  const { settings } = chart;
  input.addEventListener("change", () => {
    const { axis, origin } = settings;
    if (input.value === "") return;
    moveTo(chart, Number(input.value) + (axis === "relative" ? origin : 0));
    menu.hidePopover();
  });
  const label = { step: gettext("Step"), metric: settings.xMetric, relative: gettext("Seconds since start") }[settings.axis] ?? gettext("Unix seconds");
  return row(gettext("Go to"), field(label, input));
}

/** Move the cursor to the point nearest to x; a zoomed chart that does not show it shows everything again. */
function moveTo(chart, x) {
  const all = (chart.wholeCurves ?? chart.curves).filter(({ series }) => series.x.length);
  const places = all.map(({ series }) => series.x[nearest(series.x, x)]);
  if (!places.length) return;
  const found = places.reduce((best, one) => (Math.abs(one - x) < Math.abs(best - x) ? one : best));
  const [from, to] = chart.domain;
  if (found < from || found > to) chart.hooks.zoom(null);
  chart.area.focus({ preventScroll: true });
  chart.hooks.cursor(found);
}
