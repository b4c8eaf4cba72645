/** Full screen of one chart: its figure in the top layer of the page, over everything else. */

import { gettext } from "../i18n.js";

const PARAMETER = "full";

/** Open the chart in full screen, or close it; return whether it is open. */
export function toggleFull(chart) {
  const { holder, area } = chart;
  const open = !isFull(chart);
  if (open) {
    holder.popover = "manual";
    holder.setAttribute("aria-label", gettext("{name} in full screen", { name: chart.name }));
    holder.showPopover();
    document.addEventListener("focusin", holder.keepFocus = ({ target }) => holder.contains(target) || area.focus());
  } else {
    document.removeEventListener("focusin", holder.keepFocus);
    holder.hidePopover();
    holder.removeAttribute("popover");
    holder.removeAttribute("aria-label");
  }
  inAddress(open ? chart.name : "");
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
  const query = new URLSearchParams(location.search);
  query.set(PARAMETER, name);
  return `${location.origin}${location.pathname}?${query}`;
}

function inAddress(name) {
  const query = new URLSearchParams(location.search);
  query.delete(PARAMETER);
  if (name) query.set(PARAMETER, name);
  history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : ""));
}
