/** The mark of the run that is pointed at: a bar below the list. A background of its row would paint all rows again with each move. */

import { make, setHidden } from "../dom.js";

export class PointedRow {
  constructor() {
    this.bar = make("i", { className: "pointed-bar", hidden: true });
    this.row = null;
    this.rowsChanged();
  }

  /** Mark a row, or none (null). */
  show(row) {
    if (row === this.row) return;
    this.row?.classList.remove("pointed");
    row?.classList.add("pointed");
    this.row = row;
    this.#place();
  }

  /** The list has other rows now, or in another order. */
  rowsChanged() {
    const holder = document.getElementById("run-list");
    if (holder && this.bar.parentNode !== holder) holder.prepend(this.bar);
    this.places = new Map();
    if (!this.row?.matches("#run-list .pointed")) this.row = null;
    this.#place();
  }

  #place() {
    setHidden(this.bar, !this.row);
    // Rows may have another height when a row is pointed at again.
    if (!this.row) return this.places.clear();
    // Reading a place lays the page out, in the middle of its changes.
    if (!this.places.has(this.row)) this.places.set(this.row, [this.row.offsetTop, this.row.offsetHeight]);
    const [top, height] = this.places.get(this.row);
    this.bar.style.transform = `translateY(${top}px)`;
    this.bar.style.height = `${height}px`;
  }
}
