/** Config values against a metric, drawn as SVG from the values of the panel. */

import { cssColour } from "../chart/render/colours.js";
import { axisKeys } from "./axis_keys.js";
import { drawParallel } from "./parallel.js";
import { drawScatter } from "./scatter.js";

export class Relation {
  /** `section`: the panel. `changed({metric, key, keylog})` is called when a user chooses. */
  constructor(section, changed) {
    const { runs, config, metrics } = JSON.parse(section.dataset.values);
    Object.assign(this, { runs, config: new Map(Object.entries(config)), metrics: new Map(Object.entries(metrics)) });
    this.form = section.querySelector("#relation-tools");
    if (!this.form) return;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", () => {
      const { metric, key, keylog } = this.form.elements;
      changed({ metric: metric.value, key: key.value, keylog: keylog.checked });
    });
  }

  /** Draw these runs ([{key, label, colour}]); the first metric and key where none is chosen. */
  show({ metric, key, keylog }, entries) {
    if (!this.form) return;
    const { elements } = this.form;
    if (this.metrics.has(metric)) elements.metric.value = metric;
    if (this.config.has(key)) elements.key.value = key;
    elements.keylog.checked = keylog;
    const name = elements.metric.value;
    const values = this.metrics.get(name);
    const shown = entries.map((entry) => ({ ...entry, i: this.runs.indexOf(entry.key), ink: cssColour(entry.colour) }))
      .filter(({ i }) => i >= 0 && values[i] !== null);
    const axis = { name: elements.key.value, values: this.config.get(elements.key.value), log: keylog };
    const last = { name, values };
    drawScatter(document.getElementById("scatter"), shown, axis, last);
    const axes = axisKeys(this.config, shown, axis.name).map((one) => ({ name: one, values: this.config.get(one), log: one === axis.name && keylog }));
    drawParallel(document.getElementById("parallel"), shown, [...axes, last]);
  }
}
