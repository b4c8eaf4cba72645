/** Threshold line of a chart: dragged or moved by keys, it becomes an alert rule. */

import { iconButton, make } from "../dom.js";
import { gettext } from "../i18n.js";
import { formatNumber } from "./text/format.js";

const [MOVE, FAR] = [2, 20];

export class Threshold {
  /** `address(op, value)`: of the form of a new rule. */
  constructor(chart, address) {
    Object.assign(this, { chart, address });
    const label = gettext("Threshold of {name}", { name: chart.name });
    this.line = make("div", { className: "threshold", tabIndex: 0, role: "slider", "aria-orientation": "vertical", "aria-label": label });
    this.side = make("select", { ariaLabel: gettext("Comparison") }, make("option", { value: ">", textContent: gettext("above") }), make("option", { value: "<", textContent: gettext("below") }));
    this.field = make("input", { type: "number", step: "any", ariaLabel: gettext("Value") });
    this.link = make("a", { className: "button main", textContent: gettext("Create rule…") });
    const close = iconButton("remove", gettext("Close"));
    this.bar = make("div", { className: "threshold-bar" }, this.side, this.field, this.link, close);
    close.addEventListener("click", () => this.close());
    this.side.addEventListener("change", () => this.place());
    this.field.addEventListener("input", () => this.field.value !== "" && this.put(Number(this.field.value)));
    this.#listen();
    chart.area.append(this.line, this.bar);
    chart.overlay?.close();
    chart.overlay = this;
    this.#begin();
    this.line.focus({ preventScroll: true });
  }

  /** Begin above the last value, or below it near the end of the axis. */
  #begin() {
    const { y, box } = this.chart.plot;
    const last = this.chart.curves[0].series.y.findLast(Number.isFinite) ?? y.uneven((y.even(y.domain[0]) + y.even(y.domain[1])) / 2);
    const at = y.at(last) - (box.bottom - box.top) / 8;
    this.side.value = at > box.top ? ">" : "<";
    this.#move(at > box.top ? at : y.at(last) + (box.bottom - box.top) / 8);
  }

  #listen() {
    // Events on the line must not reach the chart below it.
    for (const element of [this.line, this.bar]) {
      for (const kind of ["pointerdown", "pointermove", "pointerup", "dblclick", "keydown", "contextmenu"]) {
        element.addEventListener(kind, (event) => event.stopPropagation());
      }
      element.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    }
    this.line.addEventListener("pointerdown", (event) => {
      if (event.button === 0) this.line.setPointerCapture(event.pointerId);
    });
    this.line.addEventListener("pointermove", (event) => {
      if (this.line.hasPointerCapture(event.pointerId)) this.#move(event.clientY - this.chart.area.getBoundingClientRect().top);
    });
    this.line.addEventListener("keydown", (event) => {
      const { y, box } = this.chart.plot;
      const step = event.shiftKey ? FAR : MOVE;
      const steps = { ArrowUp: -step, ArrowRight: -step, ArrowDown: step, ArrowLeft: step, PageUp: -FAR, PageDown: FAR };
      if (event.key === "Enter") this.link.click();
      else if (event.key === "Home" || event.key === "End") this.#move(event.key === "Home" ? box.bottom : box.top);
      else if (event.key in steps) this.#move(y.at(this.value) + steps[event.key]);
      else return;
      event.preventDefault();
    });
  }

  /** Move to a height in pixels, rounded to the precision of a pixel. */
  #move(down) {
    const { y, box } = this.chart.plot;
    const at = Math.min(Math.max(down, box.top), box.bottom);
    const value = y.invert(at);
    const digits = Math.ceil(-Math.log10(Math.abs(y.invert(at - 1) - value)));
    this.put(digits > 15 || digits < 0 ? Number(value.toPrecision(4)) : Number(value.toFixed(digits)));
    this.field.value = this.value;
  }

  put(value) {
    this.value = value;
    this.place();
  }

  /** Follow the value axis, which changes with the points and the size. */
  place() {
    const { y, box } = this.chart.plot;
    const at = Math.min(Math.max(y.at(this.value) || 0, box.top), box.bottom);
    Object.assign(this.line.style, { left: `${box.left}px`, width: `${box.right - box.left}px`, transform: `translateY(${at}px)` });
    const [low, high] = y.domain;
    const side = this.side.selectedOptions[0].textContent;
    const ariaValueText = `${side} ${formatNumber(this.value)}`;
    Object.assign(this.line, { ariaValueNow: this.value, ariaValueMin: low, ariaValueMax: high, ariaValueText });
    this.line.dataset.side = this.side.value;
    this.bar.classList.toggle("below", at < (box.top + box.bottom) / 2);
    this.link.href = this.address(this.side.value, this.value);
  }

  close() {
    this.line.remove();
    this.bar.remove();
    this.chart.overlay = undefined;
    this.chart.area.focus({ preventScroll: true });
  }
}
