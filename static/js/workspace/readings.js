/**
 * The values under the cursor over the list of runs. They are in a layer of their own, which lies over the list: the
 * browser would lay out and paint all its rows again if the texts in some of them changed with each move of the pointer.
 */

import { axisOf } from "../chart/axes.js";
import { alignNumbers } from "../chart/text/format.js";
import { make, setHidden, setText } from "../dom.js";

/** Pixels, as in the style sheet. */
const HEIGHT = 20;

export class Readings {
  constructor() {
    this.place = make("span", { className: "at place" });
    this.name = make("span", { className: "at" });
    this.head = make("div", { className: "head" }, this.place, this.name);
    this.layer = make("div", { className: "readings", hidden: true, "aria-hidden": "true" }, this.head);
    this.values = new Map();
    this.rowsChanged();
  }

  /** Show a reading ({name, x, reads, settings}, see chart/controller.js), or none (null). `rowOf(key)`: the row of a run, if it is in sight. */
  show(reading, rowOf) {
    const table = this.holder?.querySelector("table");
    if (!table || !(reading || !this.layer.hidden)) return;
    if (this.layer.hidden) this.#measure(table);
    table.classList.toggle("reading", Boolean(reading));
    setHidden(this.layer, !reading);
    if (!reading) return;
    const read = reading.reads.map(({ curve, value }) => [rowOf(curve.key), value]).filter(([row]) => row);
    const texts = alignNumbers(read.map(([, value]) => value));
    const rows = new Set(read.map(([row]) => row));
    for (const [row, value] of this.values) if (!rows.has(row)) this.#remove(row, value);
    this.#add([...rows].filter((row) => !this.values.has(row)));
    for (const [i, [row]] of read.entries()) setText(this.values.get(row), texts[i]);
    setText(this.name, reading.name);
    setText(this.place, axisOf(reading.settings).reading(reading.x, reading.settings));
    const near = this.values.get(document.getElementById(`run-${reading.near.curve.key}`));
    if (near === this.near) return;
    this.near?.classList.remove("near");
    near?.classList.add("near");
    this.near = near;
  }

  /** The list has other rows now, or in another order. */
  rowsChanged() {
    for (const [row, value] of this.values) this.#remove(row, value);
    // What scrolls the list; a new list has a new one.
    this.holder = document.getElementById("run-list");
    if (this.holder && this.layer.parentNode !== this.holder) this.holder.append(this.layer);
    this.holder?.querySelector("table").classList.remove("reading");
    setHidden(this.layer, true);
  }

  #measure(table) {
    for (const [row, value] of this.values) this.#remove(row, value);
    this.layer.style.height = `${table.offsetHeight}px`;
    this.head.style.height = `${table.tHead.offsetHeight}px`;
  }

  #add(rows) {
    // A row counts from its table, which is at the top.
    const tops = rows.map((row) => row.offsetTop + (row.offsetHeight - HEIGHT) / 2);
    for (const [i, row] of rows.entries()) {
      const value = make("span", { className: "at value" });
      value.style.top = `${tops[i]}px`;
      this.values.set(row, value);
      this.layer.append(value);
    }
  }

  #remove(row, value) {
    value.remove();
    this.values.delete(row);
  }
}
