/** Sample of a curve, for legends. */

import { svg } from "../../dom.js";
import { cssColour } from "./colours.js";

/** Return a sample of a curve's line, as SVG. */
export function swatch(curve) {
  const sample = svg("svg", { class: "swatch", viewBox: "0 0 16 8", "aria-hidden": "true" });
  svg("path", { d: "M0 4H16" }, sample);
  restyle(sample, curve);
  return sample;
}

/** Make it the sample of another curve. */
export function restyle(sample, { colour = "curve-1", dash, marker }) {
  const looks = `${colour} ${dash} ${marker}`;
  if (sample.dataset.looks === looks) return;
  sample.dataset.looks = looks;
  sample.style.color = cssColour(colour);
  const [line, shape] = sample.children;
  line.setAttribute("stroke-dasharray", (dash ?? []).join(" "));
  const d = marker ? `M${marker.map(([x, y]) => `${x * 0.8 + 8} ${y * 0.8 + 4}`).join("L")}Z` : "";
  if (shape) shape.setAttribute("d", d);
  else if (marker) svg("path", { d }, sample);
}
