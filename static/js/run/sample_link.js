/** From a point of a chart to the samples of its step, and back: `?at=` in the address moves the cursor to a step. */

import { make, showPopover } from "../dom.js";
import { gettext } from "../i18n.js";

const SMALLEST_DRAG = 5;

/** Return a hook for pointed values; a click on a chart then offers the samples of the step. */
export function linkSamples(charts, address) {
  if (!address) return () => {};
  let [place, from] = [null, 0];
  charts.addEventListener("pointerdown", ({ clientX }) => (from = clientX));
  charts.addEventListener("click", (event) => {
    if (!place || !event.target.closest("figure[data-name]") || event.target.closest("button, a, input") || Math.abs(event.clientX - from) > SMALLEST_DRAG) return;
    const step = Math.round(place.x);
    const link = make("a", { href: `${address}?step=${step}`, textContent: gettext("Samples of step {step}", { step: step.toLocaleString("en") }) });
    const popover = make("div", { className: "found choices sample-link", popover: "auto" }, link);
    document.body.append(popover);
    showPopover(popover, { getBoundingClientRect: () => new DOMRect(event.clientX, event.clientY, 0, 0) }, false, () => {});
  });
  return (pointed) => {
    if (pointed) place = pointed.settings.axis === "step" ? pointed : null;
  };
}

/** Put the cursor of all charts at the step that the address names. */
export function showStepOfAddress(controller) {
  const at = new URLSearchParams(location.search).get("at");
  if (at === null || !Number.isFinite(Number(at))) return;
  for (const { chart } of controller.feeds.values()) if (chart?.plot) chart.setCursor(Number(at));
}
