/** Menu of one chart: its settings, a step to go to, link and files. */

import { axisOf, isTimeOnly } from "../axes.js";
import { field, isSaved, isShared, make, showPopover, textButton } from "../../dom.js";
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
  menu.replaceChildren(...settingsFields(chart, change, refill), goTo(menu, chart), fileButtons(menu, chart), make("footer", {}, reset, link, ...(isShared || isSaved ? [] : [alertButton(chart, () => menu.hidePopover())])), status);
}

/** Return the field that moves the cursor to a step, whatever the x axis; to an x where metrics have no steps. */
function goTo(menu, chart) {
  const { settings, holder } = chart;
  const axis = axisOf(settings);
  const hasSteps = !isTimeOnly(holder.dataset.axis);
  const input = make("input", { name: "step", type: "number", step: hasSteps ? 1 : "any" });
  input.addEventListener("change", async () => {
    if (input.value === "") return;
    const target = Number(input.value);
    const isThere = hasSteps && (await chart.hooks.goTo(Math.round(target)).catch(() => false));
    if (!isThere) moveTo(chart, target + (hasSteps ? 0 : axis.origin(settings)), hasSteps && !axis.source.isStep);
    menu.hidePopover();
    chart.area.focus({ preventScroll: true });
  });
  return row(gettext("Go to"), field(hasSteps ? gettext("Step") : axis.target, input));
}

/** Move the cursor to the drawn point nearest to an x, as groups of runs have no points of their own. */
function moveTo(chart, x, isElsewhere) {
  const points = isElsewhere ? [] : [...(chart.wholeCurves ?? []), ...chart.curves].flatMap(({ series }) => series.x[nearest(series.x, x)] ?? []);
  if (!points.length) return;
  const best = points.reduce((a, b) => (Math.abs(b - x) <= Math.abs(a - x) ? b : a));
  const [from, to] = chart.domain;
  if (best < from || best > to) chart.hooks.zoom(null);
  chart.hooks.cursor(best);
}
