/** Charts of config values against a metric, from the tables of the page. */

import { swatchColour } from "../chart/render/svg.js";
import { drawParallel } from "./parallel.js";
import { drawScatter } from "./scatter.js";

const MOST_AXES = 7;

export class Relation {
  /** `runs`: [{key, label, colour}]; `changed({metric, key, keylog})` is called when the user changes the form. */
  constructor(runs, changed) {
    this.runs = runs;
    this.form = document.getElementById("relation-tools");
    if (!this.form) return;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", () => {
      const { metric, key, keylog } = this.form.elements;
      changed({ metric: metric.value, key: key?.value ?? "", keylog: keylog?.checked ?? false });
    });
    this.metrics = tableOf("metric-table", (cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value)));
    this.config = tableOf("config-table", valueOf);
  }

  /** Draw a choice; the defaults are the first metric and key. */
  show({ metric, key, keylog, hidden }) {
    if (!this.form || !this.config.size) return;
    const { elements } = this.form;
    if (this.metrics.has(metric)) elements.metric.value = metric;
    if (this.config.has(key)) elements.key.value = key;
    elements.keylog.checked = keylog;
    const name = elements.metric.value;
    const values = this.metrics.get(name);
    const shown = this.runs.map((run, i) => ({ ...run, i, ink: swatchColour(run.colour) })).filter(
      (run) => !hidden.includes(run.key) && values[run.i] !== null,
    );
    const axis = { name: elements.key.value, values: this.config.get(elements.key.value), log: keylog };
    const last = { name, values };
    drawScatter(document.getElementById("scatter"), shown, axis, last);
    const keys = [...new Set([axis.name, ...this.config.keys()])].slice(0, MOST_AXES);
    const axes = keys.map((one) => ({ name: one, values: this.config.get(one), log: one === axis.name && keylog }));
    drawParallel(document.getElementById("parallel"), shown, [...axes, last]);
  }
}

/** Return a map from the key of each row to the values of its cells. */
function tableOf(id, read) {
  const rows = document.querySelectorAll(`#${id} tbody tr`);
  return new Map([...rows].map((row) => [row.querySelector("th bdi").textContent, [...row.cells].slice(1).map(read)]));
}

function valueOf(cell) {
  const text = cell.querySelector("bdi")?.textContent;
  if (text === undefined) return null;
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
