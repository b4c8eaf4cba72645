/** Sample of a curve, for legends. */

import { svg } from "../../dom.js";
import { cssColour } from "./colours.js";

/** Return a sample of a curve's line, as SVG. */
export function swatch({ colour = "curve-1", dash, marker }) {
  const sample = svg("svg", { class: "swatch", viewBox: "0 0 16 8", "aria-hidden": "true" });
  sample.style.color = cssColour(colour);
  svg("path", { d: "M0 4H16", "stroke-dasharray": (dash ?? []).join(" ") }, sample);
  if (marker) svg("path", { d: `M${marker.map(([x, y]) => `${x * 0.8 + 8} ${y * 0.8 + 4}`).join("L")}Z` }, sample);
  return sample;
}
