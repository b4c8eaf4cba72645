/** The box beside the cursor, which names the curves nearest to it. Its elements stay: a move of the pointer changes their texts. */

import { make, setText } from "../dom.js";
import { gettext } from "../i18n.js";
import { nearest } from "./data/series.js";
import { restyle, swatch } from "./render/swatch.js";
import { alignNumbers, formatNumber } from "./text/format.js";
import { restyleMark, verdictMark } from "./verdicts.js";

const MOST_ROWS = 12;
const FEW_ROWS = 7;
/** Where the list of runs has all values already. */
const [BESIDE_LIST, LIST] = [3, ".workspace:not(.folded, .grouped)"];
const SMALL = 260;
/** Pixels between the box and the cursor, the chart and the edges of its pane. */
const GAP = 8;

export class Readout {
  /** `verdictOf(curve)`: its entry (verdicts.js), if it has one. */
  constructor(area, verdictOf) {
    Object.assign(this, { area, verdictOf });
    this.element = make("div", { className: "readout", hidden: true, "aria-hidden": "true" });
    this.head = make("div");
    this.rest = make("p");
    this.rows = [];
    area.append(this.element);
  }

  /** Show the readings around `near`, whose place is named `place`, at `across` pixels from the left of a chart that is `height` pixels tall. */
  show(reads, near, place, across, height) {
    const { area } = this;
    setText(this.head, place);
    const ordered = reads.toSorted((a, b) => (a.down ?? Infinity) - (b.down ?? Infinity));
    // The box of a small chart is outside of it, and has the neighbours only.
    const isSmall = height < SMALL;
    const isListed = isSmall && area.closest(LIST) !== null;
    const most = isListed ? BESIDE_LIST : isSmall ? FEW_ROWS : MOST_ROWS;
    const start = Math.max(0, Math.min(ordered.indexOf(near) - Math.floor(most / 2), ordered.length - most));
    const shown = ordered.slice(start, start + most);
    const texts = alignNumbers(shown.map(({ value }) => value));
    // What stands for the curve that is pointed at comes first.
    const whole = ordered.find(({ curve }) => curve.key === near.curve.group);
    if (whole && !shown.includes(whole)) {
      shown.unshift(whole);
      texts.unshift(formatNumber(whole.value));
    }
    while (this.rows.length > shown.length) this.rows.pop().remove();
    while (this.rows.length < shown.length) this.rows.push(row());
    for (const [i, read] of shown.entries()) fill(this.rows[i], read, texts[i], read === near, this.verdictOf(read.curve));
    const rest = isListed ? 0 : ordered.length - shown.length;
    if (rest > 0) setText(this.rest, gettext("and {n} more", { n: rest }));
    const children = [this.head, ...this.rows, ...(rest > 0 ? [this.rest] : [])];
    if (children.length !== this.element.children.length || children.at(-1) !== this.element.lastChild) this.element.replaceChildren(...children);
    // Measured when everything that follows the pointer has changed: the page is laid out once.
    if (!this.place) queueMicrotask(() => this.#put());
    this.place = { across, isSmall };
  }

  /** Put the box beside the cursor, within the pane and the window: it may leave its chart, not what scrolls it. */
  #put() {
    const { element, area, place: { across, isSmall } } = this;
    this.place = null;
    const at = area.getBoundingClientRect();
    const pane = area.closest("figure:popover-open, .panel, .charts-pane, body").getBoundingClientRect();
    const [left, right] = [Math.max(pane.left, 0) + GAP, Math.min(pane.right, innerWidth) - GAP];
    const most = `${right - left}px`;
    if (element.style.maxWidth !== most) element.style.maxWidth = most;
    const { offsetWidth: width, offsetHeight: height } = element;
    const x = at.left + across;
    const beside = x + GAP + width <= right ? x + GAP : x - GAP - width;
    const below = at.bottom + height + GAP <= innerHeight ? at.bottom : at.top - height - GAP;
    const top = isSmall ? below : at.top + GAP;
    element.style.transform = `translate(${Math.round(Math.max(left, Math.min(beside, right - width)))}px, ${Math.round(Math.max(GAP, top))}px)`;
  }
}

function row() {
  return make("p", {}, swatch({}), make("b"), make("bdi"), make("span", { className: "soft" }), verdictMark());
}

function fill(element, { curve, x }, text, isNear, verdict) {
  const [sample, value, name, note, mark] = element.children;
  const className = isNear ? "near" : "";
  if (element.className !== className) element.className = className;
  restyle(sample, curve);
  setText(value, text);
  setText(name, curve.label ?? curve.series.name);
  setText(note, curve.note ? ` ${curve.note(nearest(curve.series.x, x))}` : "");
  restyleMark(mark, verdict);
}
