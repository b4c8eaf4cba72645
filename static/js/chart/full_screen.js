/** Full screen of one chart: its figure in the top layer of the page, over everything else. */

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
    document.addEventListener("focusin", holder.keepFocus = ({ target }) => holder.contains(target) || area.focus());
  } else {
    document.removeEventListener("focusin", holder.keepFocus);
    holder.hidePopover();
    holder.removeAttribute("popover");
    holder.ariaLabel = null;
  }
  setParameters({ [PARAMETER]: open ? chart.name : "" });
  area.focus({ preventScroll: open });
  chart.hooks.resized();
  return open;
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
