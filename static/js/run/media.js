/** Media of all kinds in their panes, also those that are logged while the page is open. */

import { formatNumber } from "../chart/text/format.js";
import { lazy } from "../dom.js";
import { HttpError, requestJson } from "../http.js";
import { DRAW } from "../media/draw.js";
import { StepSlider } from "../media/step_slider.js";
import { Steps } from "./steps.js";

const PAUSE = 500;
/** The kind whose module few runs need. */
const HISTOGRAMS = "histograms";

/** Return the figure of a key, which its button and a click on an image enlarge. */
function figure(kind, key) {
  const steps = new Steps(key, DRAW[kind]);
  const button = steps.element.querySelector(".enlarge");
  button.hidden = false;
  steps.element.addEventListener("click", ({ target }) => (target.matches(".body > img") || button.contains(target)) && lazy("media/lightbox").then(({ openLightbox }) => openLightbox(steps)));
  return steps;
}

export class Media {
  /** `root` holds the panes and `.media-panes`, which knows the addresses. */
  constructor(root) {
    Object.assign(this, { root, place: { after: 0, mark: "" }, series: new Map(), timer: 0 });
    this.addresses = root.querySelector(".media-panes").dataset;
    this.slider = new StepSlider(root, () => [...this.series.values()]);
    for (const pane of root.querySelectorAll(".pane.media")) {
      pane.querySelector(".failure button").addEventListener("click", () => this.#ask());
    }
    this.#ask();
  }

  /** Media were logged: list them, once for many. */
  changed() {
    this.timer ||= setTimeout(() => this.#ask(), PAUSE);
  }

  async #ask() {
    this.timer = 0;
    const { place } = this;
    const answer = await requestJson(`${this.addresses.media}?${new URLSearchParams(this.place)}`).catch((error) => error);
    this.#say(answer instanceof HttpError ? answer.message : "");
    if (answer instanceof HttpError) return;
    if (answer.media.some(({ kind }) => kind === HISTOGRAMS)) this.HistogramSeries ??= (await lazy("run/histograms")).HistogramSeries;
    // Another answer came meanwhile: the entries of this one are known.
    if (this.place !== place) return;
    this.place = { after: answer.last, mark: answer.mark };
    if (answer.again) this.#clear();
    for (const [kind, entries] of Map.groupBy(answer.media, ({ kind }) => kind)) this.#take(kind, entries);
    this.slider.update();
  }

  #take(kind, entries) {
    const pane = document.getElementById(kind);
    for (const [key, items] of Map.groupBy(entries, ({ key }) => key)) {
      const id = `${kind} ${key}`;
      if (!this.series.has(id)) {
        this.series.set(id, kind === HISTOGRAMS ? new this.HistogramSeries(key, this.addresses.histograms) : figure(kind, key));
        pane.append(this.series.get(id).element);
      }
      this.series.get(id).add(items);
    }
    const tab = document.getElementById(`tab-${kind}`);
    tab.hidden = false;
    const counted = [...this.series].filter(([id]) => id.startsWith(`${kind} `));
    tab.querySelector(".count").textContent = formatNumber(counted.reduce((sum, [, series]) => sum + series.items.length, 0));
  }

  #clear() {
    for (const { element } of this.series.values()) element.remove();
    this.series.clear();
  }

  #say(sentence) {
    for (const failure of this.root.querySelectorAll(".pane.media > .failure")) {
      failure.hidden = !sentence;
      failure.querySelector("span").textContent = sentence;
    }
  }
}
