/** A tour over the runs of the demo: at most five steps in the table, then in the charts, shown once, and left at any. */

import { besides, make, textButton } from "../dom.js";
import { gettext } from "../i18n.js";
import { keep, kept } from "../shared/kept.js";

/** True once it has ended, or the number of steps in the table of one that goes on in the charts. */
const DONE = "runicorn.tour";
/** Pixels that the card needs below its element. */
const CARD_HEIGHT = 220;
const OPENS_CHARTS = "#other-layout";
const IN_TABLE = [
  ["#runs tbody a.name", gettext("Each row is one training. Open it for its log, images and code, or select several to compare them.")],
  ["th[data-key='verdict']", gettext("Each run is compared with the baseline: ✓ better, ✗ worse, ≈ no more than the seeds differ anyway.")],
  ["#where", gettext("Filter by anything that was logged, for example lr < 0.01. Completion helps.")],
  [OPENS_CHARTS, gettext("See the curves of all runs beside each other.")],
];
const IN_CHARTS = [["#chart-grid figure", gettext("Point at a curve for its values, drag to zoom, and hide runs with the eyes in the list.")]];

function visible(selector) {
  return [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
}

class Tour {
  constructor(steps, before, after) {
    this.steps = steps.filter(([selector]) => visible(selector).length);
    this.before = before;
    this.total = before + this.steps.length + after;
    this.text = make("p");
    this.count = make("span", { className: "faint" });
    this.next = textButton("", () => this.#goOn(), { className: "button main" });
    const skip = textButton(gettext("Skip the tour"), () => this.end(), { className: "button quiet" });
    const buttons = make("div", { className: "actions" }, this.count, skip, this.next);
    this.card = make("div", { className: "tour", popover: "manual", role: "dialog", "aria-label": gettext("Tour") }, this.text, buttons);
    this.card.addEventListener("keydown", (event) => event.key === "Escape" && this.end());
    addEventListener("resize", () => this.#place());
  }

  show(at) {
    this.target?.classList.remove("toured");
    this.at = at;
    if (at >= this.steps.length) return this.end();
    const [selector, text] = this.steps[at];
    const candidates = visible(selector);
    // The card of the last row in view covers no other row.
    const isRow = (element) => element.closest("tr");
    const fits = (element) => isRow(element) && element.getBoundingClientRect().bottom < innerHeight - CARD_HEIGHT;
    this.target = candidates.findLast(fits) ?? candidates[0];
    if (!this.target) return this.end();
    this.target.classList.add("toured");
    this.text.textContent = text;
    this.count.textContent = gettext("{n} of {total}", { n: this.before + at + 1, total: this.total });
    this.next.textContent = this.#label();
    document.body.append(this.card);
    this.card.showPopover();
    this.#place();
    this.next.focus();
  }

  #opensCharts() {
    return this.steps[this.at][0] === OPENS_CHARTS;
  }

  #label() {
    if (this.#opensCharts()) return gettext("Open the charts");
    return this.before + this.at === this.total - 1 ? gettext("Done") : gettext("Next");
  }

  #goOn() {
    if (!this.#opensCharts()) return this.show(this.at + 1);
    keep(DONE, this.at + 1);
    this.target.click();
  }

  #place() {
    if (this.card.isConnected) Object.assign(this.card.style, besides(this.card, this.target));
  }

  end() {
    this.target?.classList.remove("toured");
    this.card.remove();
    keep(DONE, true);
  }
}

/** Begin the tour in the table, unless this browser has seen it, or go on in the charts. */
export function tour() {
  const state = kept(DONE);
  if (!document.getElementById("workspace")) {
    if (!state) new Tour(IN_TABLE, 0, visible(OPENS_CHARTS).length && IN_CHARTS.length).show(0);
  } else if (typeof state === "number") new Tour(IN_CHARTS, state, 0).show(0);
}
