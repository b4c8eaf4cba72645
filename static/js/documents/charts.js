/** Charts of a block of a document. */

import { ChartController } from "../chart/controller.js";
import { lookAt } from "../chart/render/colours.js";
import { swatch } from "../chart/render/swatch.js";
import { make } from "../dom.js";

const SETTINGS = { axis: "step", log: false, logx: false, smoothing: null, range: null, origin: 0, spread: "auto", hidden: [] };

/**
 * Draw the charts in a block: an element with `data-chart` ({runs: [{key, label, colour, href}]}) and figures with
 * `data-options` (see chart/options.js). `sourceOf(runs)` returns their source (see chart/chart.js). Returns the
 * controller.
 */
export function mountCharts(block, sourceOf) {
  const runs = JSON.parse(block.dataset.chart).runs.map((run, i) => ({ ...run, ...lookAt(i), ...(run.colour && { colour: run.colour }) }));
  const options = new Map([...block.querySelectorAll("figure[data-name]")].map(({ dataset }) => [dataset.name, JSON.parse(dataset.options ?? "{}")]));
  let settings = SETTINGS;
  const zoom = (range) => {
    settings = { ...settings, range };
    controller.configure(settings);
  };
  const controller = new ChartController(block, sourceOf(runs), settings, {
    zoom,
    options: (name) => options.get(name) ?? {},
    optionsChanged: (name, changed) => options.set(name, changed),
  });
  if (runs.length > 1) block.after(legend(runs));
  return controller;
}

function legend(runs) {
  const items = runs.map((run) => {
    const name = make("bdi", { textContent: run.label });
    return make("li", {}, swatch(run), run.href ? make("a", { href: run.href }, name) : name);
  });
  return make("ul", { className: "block-legend" }, ...items);
}
