/** One slider in each pane of media that moves all media of the run to a step, and the size of images. */

import { formatNumber } from "../chart/text/format.js";
import { gettext } from "../i18n.js";
import { keep, kept } from "../shared/kept.js";

export class StepSlider {
  /** `series()` returns what is on the page: objects with `items` and `steps`. */
  constructor(root, series) {
    this.series = series;
    this.bars = [...root.querySelectorAll(".media-tools")];
    this.all = [];
    this.at = -1;
    for (const bar of this.bars) {
      bar.querySelector(".all-steps").addEventListener("input", ({ target }) => this.#show(Number(target.value)));
    }
    wireSize(root.querySelector(".image-size"), root, "runicorn.image-size", "--image-size");
  }

  /** There are other media: keep the step, or the end if that was chosen. */
  update() {
    const steps = new Set();
    for (const { items } of this.series()) for (const { step } of items) if (step !== null && step !== undefined) steps.add(step);
    const chosen = this.all[this.at];
    const atTheEnd = this.at === this.all.length - 1;
    this.all = [...steps].sort((a, b) => a - b);
    this.at = atTheEnd ? this.all.length - 1 : this.all.indexOf(chosen);
    for (const bar of this.bars) {
      bar.hidden = this.all.length < 2 && !bar.querySelector(".image-size");
      bar.querySelector(".step-tool").hidden = this.all.length < 2;
      bar.querySelector(".all-steps").max = this.all.length - 1;
    }
    this.#say();
  }

  #show(at) {
    this.at = at;
    for (const { steps } of this.series()) steps.showStep(this.all[at]);
    this.#say();
  }

  #say() {
    const step = this.all[this.at];
    const words = step === undefined ? "" : gettext("step {step}", { step: formatNumber(step) });
    for (const bar of this.bars) {
      const slider = bar.querySelector(".all-steps");
      slider.value = this.at;
      slider.ariaValueText = words;
      bar.querySelector("output").textContent = words;
    }
  }
}

/** Let a slider set a size in pixels, as a property of `root`; the browser remembers it as `name`. */
export function wireSize(range, root, name, property) {
  const apply = () => root.style.setProperty(property, `${range.value}px`);
  range.value = kept(name) ?? range.value;
  apply();
  range.addEventListener("input", apply);
  range.addEventListener("change", () => keep(name, range.value));
}
