/** Export of a chart as a PNG, as it is on the screen, at twice its size. */

import { drawFigure } from "./figure.js";
import { palette } from "./palette.js";

const DENSITY = 2;

/** A canvas with the picture of what the chart shows at this moment. */
export function picture(chart) {
  const { clientWidth: width, clientHeight: height } = chart.area;
  const canvas = document.createElement("canvas");
  const made = (across, down) => {
    Object.assign(canvas, { width: across * DENSITY, height: down * DENSITY });
    const context = canvas.getContext("2d");
    context.scale(DENSITY, DENSITY);
    return context;
  };
  drawFigure(made, chart, { width, height, colours: palette(), plot: chart.plot });
  return canvas;
}
