/** Full screen of one chart: its figure in the top layer of the page, over everything else. */

import { lazy, make } from "../dom.js";
import { gettext } from "../i18n.js";
import { setParameters, withParameters } from "../shared/query.js";

const PARAMETER = "full";

/** Open the chart in full screen, or close it; return whether it is open. */
export function toggleFull(chart) {
  const { holder, area } = chart;
  const open = !isFull(chart);
  if (open) {
    holder.popover = "manual";
    holder.ariaLabel = gettext("{name} in full screen", { name: chart.name });
    holder.showPopover();
    addLegend(chart);
    document.addEventListener("focusin", holder.keepFocus = ({ target }) => holder.contains(target) || area.focus());
  } else {
    document.removeEventListener("focusin", holder.keepFocus);
    holder.hidePopover();
    holder.removeAttribute("popover");
    holder.ariaLabel = null;
    chart.setLegend(null);
  }
  setParameters({ [PARAMETER]: open ? chart.name : "" });
  area.focus({ preventScroll: open });
  chart.hooks.resized();
  return open;
}

async function addLegend(chart) {
  const { SideLegend } = await lazy("chart/legend");
  if (!isFull(chart) || chart.legend) return;
  const highlight = (id) => chart.hooks.highlight(chart.all.find((curve) => curve.id === id)?.key ?? null);
  const element = make("div", { className: "side-legend", role: "group", "aria-label": gettext("Legend") });
  chart.holder.append(element);
  chart.setLegend(Object.assign(new SideLegend(element, { highlight }, ({ id }) => id), { element }));
}

export function isFull({ holder }) {
  return holder.popover === "manual" && holder.matches(":popover-open");
}

/** Return the name of the chart that the address opens in full screen. */
export function fullInAddress() {
  return new URLSearchParams(location.search).get(PARAMETER);
}

/** Return the address of this page with the chart in full screen. */
export function linkTo(name) {
  return location.origin + location.pathname + withParameters(location.search, { [PARAMETER]: name });
}
