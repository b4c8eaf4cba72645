/** A run of the grid of media: its row, and a series of the lightbox. */

import { cssColour } from "../chart/render/colours.js";
import { make } from "../dom.js";
import { gettext, ngettext } from "../i18n.js";
import { describe } from "./draw.js";
import { openLightbox } from "./lightbox.js";

export class GridRow {
  constructor(run, items, grid) {
    Object.assign(this, { run, items, grid, at: 0, title: run.label });
  }

  element(columns, before) {
    const dot = make("span", { className: "colour" });
    dot.style.setProperty("--dot", cssColour(this.run.colour));
    const { label, href } = this.run;
    // A shared page shows no other pages.
    const name = make(href ? "a" : "span", { className: "clip", title: label, ...(href ? { href } : {}) }, make("bdi", { textContent: label }));
    const cells = Array.from({ length: columns }, () => make("td"));
    this.buttons = [];
    for (const [column, some] of Map.groupBy(this.items.keys(), (at) => this.items[at].column)) cells[column].append(this.#cell(some, before));
    return make("tr", {}, make("th", { scope: "row" }, make("span", { className: "cells" }, dot, name)), ...cells);
  }

  /** The cell of the items at these places: a preview of the first one below a button. */
  #cell(places, before) {
    const item = this.items[places[0]];
    const cell = before.get(item.address) ?? make("div", { className: `cell ${item.kind}` }, make("div", { className: "preview", inert: true }), make("button", { type: "button", tabIndex: -1 }));
    const button = cell.querySelector("button");
    button.setAttribute("aria-label", `${this.run.label}, ${describe(item)}`);
    button.title = [item.step === null ? "" : gettext("step {step}", { step: item.step.toLocaleString("en") }), item.caption].filter(Boolean).join(" · ");
    button.textContent = places.length > 1 ? ngettext("{n} item", "{n} items", places.length) : "";
    button.onclick = () => {
      this.at = places[0];
      openLightbox(this, () => this.grid.series);
    };
    cell.item = item;
    for (const at of places) this.buttons[at] = button;
    this.grid.cells.set(item.address, cell);
    return cell;
  }

  get words() {
    const { step } = this.items[this.at];
    const place = gettext("{at} of {n}", { at: this.at + 1, n: this.items.length.toLocaleString("en") });
    return [step === null ? "" : gettext("step {step}", { step: step.toLocaleString("en") }), place].filter(Boolean).join(" · ");
  }

  show(at) {
    this.at = at;
    this.grid.focus(this.buttons[at]);
  }

  /** Show what is in the column of an item of another run, or before it. */
  follow({ column }) {
    const after = this.items.findIndex((item) => item.column > column);
    this.show(Math.max(0, after < 0 ? this.items.length - 1 : after - 1));
  }
}
