/** Config values against a metric, drawn as SVG from the values of the panel. */

import { cssColour } from "../chart/render/colours.js";
import { make } from "../dom.js";
import { axisKeys } from "./axis_keys.js";
import { drawBestSoFar } from "./best_so_far.js";
import { filterBy } from "./brush.js";
import { fieldOf } from "./conditions.js";
import { OTHERS } from "./crowd.js";
import { drawParallel } from "./parallel.js";
import { drawScatter } from "./scatter.js";

/** Plots of keys beside the chosen one. */
const SLICES = 2;

export class Relation {
  /** `section`: the panel. `changed({metric, key, keylog})` is called when a user chooses. */
  constructor(section, changed) {
    const { runs, names = [], created = [], modes = {}, config, metrics } = JSON.parse(section.dataset.values);
    Object.assign(this, { runs, names, created, modes, config: new Map(Object.entries(config)), metrics: new Map(Object.entries(metrics)) });
    this.form = section.querySelector("#relation-tools");
    if (!this.form) return;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", () => {
      const { metric, key, keylog } = this.form.elements;
      changed({ metric: metric.value, key: key.value, keylog: keylog.checked });
    });
  }

  /** Draw all runs, these ([{key, label, colour}]) in their colours; the first metric and key where none is chosen. */
  show({ metric, key, keylog }, entries) {
    if (!this.form) return;
    const { elements } = this.form;
    if (this.metrics.has(metric)) elements.metric.value = metric;
    if (this.config.has(key)) elements.key.value = key;
    elements.keylog.checked = keylog;
    const name = elements.metric.value;
    const values = this.metrics.get(name);
    const looks = new Map(entries.map((entry) => [entry.key, entry]));
    // Those in colours are drawn above the others.
    const order = [...this.runs.keys()].sort((a, b) => looks.has(this.runs[a]) - looks.has(this.runs[b]));
    const shown = order.filter((i) => values[i] !== null).map((i) => {
      const { label = `${this.names[i] ?? ""} ${this.runs[i].slice(-6)}`, colour } = looks.get(this.runs[i]) ?? {};
      return { label, i, ink: colour ? cssColour(colour) : OTHERS };
    });
    const axis = { name: elements.key.value, field: fieldOf("config", elements.key.value), values: this.config.get(elements.key.value), log: keylog };
    const last = { name, field: fieldOf("metric", name, "best"), values };
    drawScatter(document.getElementById("scatter"), shown, axis, last, filterBy);
    this.#drawSlices(shown, axis, last);
    const started = shown.toSorted((a, b) => this.created[a.i] - this.created[b.i]);
    const best = document.getElementById("best-so-far");
    if (best) drawBestSoFar(best, started, last, this.modes[name]);
    const axes = axisKeys(this.config, shown, axis.name).map((key) => ({ name: key, field: fieldOf("config", key), values: this.config.get(key), log: key === axis.name && keylog }));
    drawParallel(document.getElementById("parallel"), shown, [...axes, last], filterBy);
  }

  /** Draw the metric by the other keys that matter most, which are the first ones. */
  #drawSlices(shown, { name: chosen }, last) {
    const holder = document.getElementById("slices");
    const keys = [...this.config.keys()].filter((key) => key !== chosen).slice(0, SLICES);
    const figures = keys.map(() => make("figure"));
    holder?.replaceChildren(...figures);
    if (!holder) return;
    for (const [i, key] of keys.entries()) drawScatter(figures[i], shown, { name: key, field: fieldOf("config", key), values: this.config.get(key) }, last, filterBy);
  }
}
