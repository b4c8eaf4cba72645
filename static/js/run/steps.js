/** Media of one key by step: a slider selects the item; the newest is shown until one is selected. */

import { formatNumber } from "../chart/text/format.js";
import { gettext } from "../i18n.js";

/** Show a failure in `body`, with a button that calls `again`. */
export function showFailure(body, sentence, again) {
  const failure = document.getElementById("media-failure").content.firstElementChild.cloneNode(true);
  failure.querySelector("span").textContent = sentence;
  failure.querySelector("button").addEventListener("click", again);
  body.replaceChildren(failure);
}

/** Return in words the step of an item, and its place if there are several; what is not known is left out. */
export function placeOf(items, at) {
  const { step } = items[at];
  const words = step === null ? "" : gettext("step {step}", { step: formatNumber(step) });
  const place = items.length > 1 ? gettext("{at} of {n}", { at: at + 1, n: formatNumber(items.length) }) : "";
  return [words, place].filter(Boolean);
}

export class Steps {
  /** `draw(item, body, items, steps)` shows one item, when the figure becomes visible and when another is chosen. */
  constructor(key, draw) {
    Object.assign(this, { draw, title: key, items: [], at: -1, drawn: null, inSight: false });
    this.element = document.getElementById("steps-figure").content.firstElementChild.cloneNode(true);
    this.element.dataset.key = key;
    this.element.steps = this;
    this.element.querySelector("bdi").textContent = key;
    this.element.querySelector("h3").title = key;
    this.body = this.element.querySelector(".body");
    this.output = this.element.querySelector("output");
    this.slider = this.element.querySelector("input");
    this.slider.ariaLabel = gettext("Step of {key}", { key });
    this.slider.addEventListener("input", () => this.show(Number(this.slider.value)));
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.inSight = isIntersecting;
      this.#draw();
    }).observe(this.element);
  }

  /** Append items; if the last one was shown, show the new last one. */
  add(items) {
    const atTheEnd = this.at === this.items.length - 1;
    this.items.push(...items);
    this.slider.max = this.items.length - 1;
    this.slider.hidden = this.items.length < 2;
    this.show(atTheEnd ? this.items.length - 1 : this.at);
  }

  /** Replace the items; if the last one was shown, show the new last one. */
  replace(items) {
    const at = this.at === this.items.length - 1 ? items.length - 1 : Math.min(this.at, items.length - 1);
    this.items = [];
    this.at = -1;
    this.add(items);
    this.show(at);
  }

  /** Show the last item up to a step, or the first one. */
  showStep(step) {
    const after = this.items.findIndex((item) => item.step > step);
    if (this.items.length) this.show(after < 0 ? this.items.length - 1 : Math.max(0, after - 1));
  }

  get steps() {
    return this;
  }

  get words() {
    return this.output.textContent;
  }

  show(at) {
    this.at = at;
    this.slider.value = at;
    const words = placeOf(this.items, at);
    this.output.textContent = words.join(" · ");
    this.slider.ariaValueText = words[0] ?? "";
    this.#draw();
  }

  #draw() {
    const item = this.items[this.at];
    if (!this.inSight || !item || this.drawn === item) return;
    this.drawn = item;
    this.draw(item, this.body, this.items, this);
  }
}
