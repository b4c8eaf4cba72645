/** Histograms of one key: a heatmap over steps, and bars of the selected step. */

import { onAppearanceChange } from "../chart/render/palette.js";
import { formatNumber } from "../chart/text/format.js";
import { make } from "../dom.js";
import { HttpError, requestJson } from "../http.js";
import { gettext, ngettext } from "../i18n.js";
import { drawBars, drawMap } from "./histogram_charts.js";
import { Steps, showFailure } from "./steps.js";

const PAUSE = 1000;

export class HistogramSeries {
  /** `address`: where the histograms of a key are; they are asked for when the figure is in sight. */
  constructor(key, address) {
    Object.assign(this, { key, address, items: [], shown: [], timer: 0 });
    this.steps = new Steps(key, (item) => (item.counts ? this.#draw() : this.#load()));
    this.element = this.steps.element;
    [this.map, this.bars] = [0, 1].map(() => make("canvas", { role: "img" }));
    this.words = make("p", { className: "soft" });
    this.map.addEventListener("pointerdown", (event) => this.#choose(event));
    onAppearanceChange(() => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  /** There are more of them: fetch all again, once in a while. */
  add(items) {
    this.items.push(...items);
    if (!this.steps.items.length) this.steps.add([{ step: null }]);
    else this.timer ||= setTimeout(() => this.#load(), PAUSE);
  }

  async #load() {
    this.timer = 0;
    const { body } = this.steps;
    const retry = () => this.#load();
    const answer = await requestJson(`${this.address}?${new URLSearchParams({ key: this.key })}`).catch((error) => error);
    if (answer instanceof HttpError) return showFailure(body, answer.message, retry);
    if (!answer.items.length) return showFailure(body, gettext("None of these files contains a histogram."), retry);
    this.shown = answer.items;
    body.replaceChildren(this.map, this.bars, this.words);
    this.steps.replace(answer.items);
    this.#draw();
  }

  #choose(event) {
    const part = (event.offsetX - this.map.left) / (this.map.clientWidth - this.map.left);
    const last = this.shown.length - 1;
    this.steps.show(Math.max(0, Math.min(last, Math.floor(part * (last + 1)))));
  }

  #draw() {
    if (!this.shown.length || !this.map.clientWidth) return;
    const chosen = this.shown[this.steps.at] ?? this.shown.at(-1);
    drawMap(this.map, this.shown, this.steps.at);
    drawBars(this.bars, chosen);
    this.words.textContent = inWords(chosen);
    const { key } = this;
    this.map.ariaLabel = ngettext("Distribution of {key} over {n} step", "Distribution of {key} over {n} steps", this.shown.length, { key });
    this.bars.ariaLabel = gettext("Distribution of {key}: {values}", { key, values: this.words.textContent });
  }
}

/** `5,000 values from −3.1 to 3.4, mean 0.2; 3 NaN`. */
function inWords({ count, min, max, mean, nan, positive_infinity, negative_infinity }) {
  const sentence = count
    ? ngettext("{count} value from {min} to {max}, mean {mean}", "{count} values from {min} to {max}, mean {mean}", count, {
        count: formatNumber(count),
        min: formatNumber(min),
        max: formatNumber(max),
        mean: formatNumber(mean),
      })
    : gettext("No finite values");
  const special = [[nan, "NaN"], [positive_infinity, "∞"], [negative_infinity, "−∞"]].filter(([some]) => some);
  return [sentence, ...special.map(([some, name]) => `${formatNumber(some)} ${name}`)].join("; ");
}
