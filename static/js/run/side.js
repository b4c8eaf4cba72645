/** The side pane of a run: its height, edge, tabs, and the menu of tabs that do not fit. */

import { wireEdge } from "../workspace/edge.js";
import { fitPanes } from "./fit.js";
import { overflowMenu } from "./overflow.js";
import { makeTabs } from "./panes.js";

const EDGE = { place: "runicorn.side", property: "--side", part: ".side-head", side: -1, widest: 1200, folded: () => false };

/** Wire the panes in `root`; calls `opened(name)` for each that opens. */
export function sidePane(root, opened) {
  fitPanes(root);
  overflowMenu(root.querySelector("[role=tablist]"), document.getElementById("more-tabs"));
  wireEdge(root, EDGE);
  makeTabs(root, opened);
}
