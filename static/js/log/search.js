/** Searching the log: the server looks through all of it, the pane shows the matches one by one. */

import { formatNumber } from "../chart/text/format.js";
import { gettext } from "../i18n.js";
import { numberOf } from "./rows.js";

const PAUSE = 250;

export class LogSearch {
  /** `form` holds the field `text`, an `output`, and buttons `regex`, `previous` and `next`; `pane` is the `LogPane`. */
  constructor(form, pane) {
    Object.assign(this, { form, pane, found: { numbers: [], total: 0 }, at: -1, timer: 0 });
    pane.marked = (row) => this.#mark(row);
    form.hidden = false;
    form.elements.text.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#ask(), PAUSE);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go(1);
    });
    form.elements.next.addEventListener("click", () => this.#go(1));
    form.elements.previous.addEventListener("click", () => this.#go(-1));
    form.elements.regex.addEventListener("click", ({ currentTarget: button }) => {
      button.ariaPressed = !this.isRegex;
      this.#ask();
    });
    form.elements.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        this.#go(-1);
      } else if (event.key === "Escape" && this.text) {
        form.elements.text.value = "";
        this.#ask();
      }
    });
  }

  get text() {
    const text = this.form.elements.text.value;
    return this.isRegex ? text : text.toLowerCase();
  }

  get isRegex() {
    return this.form.elements.regex.ariaPressed === "true";
  }

  /** Only the server knows what a regular expression matches. */
  #mark(row) {
    const isMatch = this.isRegex ? this.rows?.has(numberOf(row)) : row.textContent.toLowerCase().includes(this.text);
    row.classList.toggle("match", Boolean(this.text) && Boolean(isMatch));
  }

  #markAll() {
    for (const row of this.pane.element.children) this.#mark(row);
  }

  async #ask() {
    clearTimeout(this.timer);
    this.timer = 0;
    const { text, isRegex } = this;
    this.at = -1;
    this.found = { numbers: [], total: 0 };
    this.rows = undefined;
    this.#markAll();
    if (text) {
      const answer = await this.pane.source.ask({ search: text, ...(isRegex ? { regex: true } : {}) }, () => this.#ask());
      if (text !== this.text || isRegex !== this.isRegex) return;
      if (answer) this.found = answer;
      if (isRegex) this.rows = new Set(this.found.numbers);
      this.#markAll();
    } else this.pane.source.failure.hidden = true;
    this.#tell();
  }

  /** Go to the next match after the current one or after the visible lines, wrapping around. */
  async #go(direction) {
    if (!this.text) return;
    if (this.timer || !this.found.total) await this.#ask();
    const { numbers } = this.found;
    if (!numbers.length) return;
    const last = numbers.length - 1;
    if (this.at >= 0) this.at = direction > 0 ? (this.at < last ? this.at + 1 : 0) : this.at > 0 ? this.at - 1 : last;
    else {
      const seen = this.#inSight();
      const after = numbers.findIndex((number) => number >= seen);
      this.at = direction > 0 ? Math.max(0, after) : after > 0 ? after - 1 : last;
    }
    this.#tell();
    await this.pane.jump(numbers[this.at]);
  }

  #inSight() {
    const { element } = this.pane;
    const row = [...element.children].find((line) => line.offsetTop + line.offsetHeight > element.scrollTop && line.dataset.n);
    return row ? numberOf(row) : 1;
  }

  #tell() {
    const { numbers, total } = this.found;
    const count = formatNumber(total);
    const told = !this.text ? "" : !total ? gettext("no matches") : this.at < 0 ? gettext("{n} found", { n: count }) : gettext("{at} of {n}", { at: this.at + 1, n: count });
    this.form.elements.found.textContent = told;
    for (const name of ["previous", "next"]) this.form.elements[name].disabled = !numbers.length;
  }
}
