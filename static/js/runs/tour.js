/** A tour over the table with the runs of the demo: at most five steps, shown once, and left at any of them. */

import { besides, make, textButton } from "../dom.js";
import { gettext } from "../i18n.js";
import { keep, kept } from "../shared/kept.js";

const DONE = "runicorn.tour";
/** Pixels that the card needs below its element. */
const CARD_HEIGHT = 220;
const STEPS = [
  ["#runs tbody a.name", gettext("Each row is one training. Open it for its curves, log, images and code.")],
  ["#where", gettext("Filter by anything that was logged, for example lr < 0.01. Completion helps.")],
  ["#pick-all", gettext("Select runs to compare, tag, export or delete them.")],
  ["#other-layout", gettext("See the curves of all runs beside each other.")],
  ["button.search", gettext("Press / to find runs, metrics, artifacts, pages and settings.")],
];

function visible(selector) {
  return [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
}

class Tour {
  constructor() {
    this.steps = STEPS.filter(([selector]) => visible(selector).length);
    this.text = make("p");
    this.count = make("span", { className: "faint" });
    this.next = textButton("", () => this.show(this.at + 1), { className: "button main" });
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
    this.target = candidates.findLast((element) => element.getBoundingClientRect().bottom < innerHeight - CARD_HEIGHT) ?? candidates[0];
    if (!this.target) return this.end();
    this.target.classList.add("toured");
    this.text.textContent = text;
    this.count.textContent = gettext("{n} of {total}", { n: at + 1, total: this.steps.length });
    this.next.textContent = at === this.steps.length - 1 ? gettext("Done") : gettext("Next");
    document.body.append(this.card);
    this.card.showPopover();
    this.#place();
    this.next.focus();
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

/** Begin the tour, unless this browser has seen it. */
export function tour() {
  if (!kept(DONE)) new Tour().show(0);
}
