/** The slider of steps with the mean reward behind it, and distributions whose bars narrow the selection. */

import { iconButton, make, textButton } from "../dom.js";
import { gettext } from "../i18n.js";
import { framed } from "./framed.js";
import { columnName } from "./state.js";
import { number } from "./texts.js";

export class Steps {
  /** `choose(step)` shows a step, null all of them; `narrow(condition)` adds a condition. */
  constructor(root, { choose, narrow, curve }) {
    Object.assign(this, { root, choose, narrow, curve });
    this.steps = [];
  }

  show({ steps, histograms, score, total, step_from: origins }, step) {
    this.steps = steps.map(([value]) => value);
    this.root.replaceChildren(this.#slider(steps, step, score, origins), ...histograms.map((histogram) => this.#histogram(histogram)));
    this.root.dataset.total = total;
  }

  /** Return the step before or after another one. */
  beside(step, way) {
    if (step === null) return this.steps.at(way < 0 ? -1 : 0);
    const at = this.steps.findLastIndex((value) => value <= step);
    return this.steps[at + way];
  }

  #slider(steps, step, score, origins) {
    const at = step === null ? steps.length - 1 : this.steps.indexOf(step);
    const range = make("input", { type: "range", min: 0, max: Math.max(0, steps.length - 1), value: at, disabled: step === null, "aria-label": gettext("Step") });
    const label = step === null ? gettext("All steps") : origins.includes("policy version") ? gettext("Step {step} from policy version", { step: number(step) }) : gettext("Step {step}", { step: number(step) });
    range.ariaValueText = label;
    range.addEventListener("change", () => this.choose(this.steps[range.value]));
    const all = textButton(step === null ? gettext("One step") : gettext("All steps"), () => this.choose(step === null ? this.steps.at(-1) ?? null : null), { className: "button quiet" });
    const previous = iconButton("up", gettext("Previous step"), { disabled: step === null });
    const next = iconButton("down", gettext("Next step"), { disabled: step === null });
    previous.addEventListener("click", () => this.choose(this.beside(step, -1) ?? step));
    next.addEventListener("click", () => this.choose(this.beside(step, 1) ?? step));
    const point = make("a", { className: "button quiet", href: this.curve(step), textContent: gettext("On the charts") });
    return make("div", { className: "step-slider" },
      make("div", { className: "line" }, make("output", { textContent: label }), previous, next, all, ...(step === null ? [] : [point])),
      ...(score && steps.some(([, , mean]) => mean !== null) ? [framed(gettext("Mean {column} by step", { column: score }), gettext("Step"), this.steps, steps.map(([, , mean]) => mean), { mark: step === null ? -1 : at, below: [range] }).figure] : [range]));
  }

  #histogram({ column, edges, counts, mean }) {
    const most = Math.max(1, ...counts);
    const bars = counts.map((count, n) => {
      const [low, high] = [edges[n], edges[n + 1]];
      const isLast = n === counts.length - 1;
      const bar = make("button", { type: "button", title: `${number(low)} – ${number(high)}: ${number(count)}`, "aria-label": gettext("{column} from {low} to {high}: {count} samples", { column, low: number(low), high: number(high), count: number(count) }) });
      bar.style.setProperty("--height", `${Math.max(count ? 4 : 0, (count / most) * 100)}%`);
      const name = columnName(column);
      bar.addEventListener("click", () => this.narrow(low === high ? `${name} = ${low}` : `${name} >= ${low} and ${name} ${isLast ? "<=" : "<"} ${high}`));
      return bar;
    });
    return make("figure", { className: "distribution" },
      make("figcaption", {}, make("bdi", { textContent: column }), make("span", { className: "faint", textContent: mean === null ? "" : ` ⌀ ${number(mean)}` })),
      make("div", { className: "bars" }, ...bars),
      make("div", { className: "faint line ends" }, make("span", { textContent: edges.length ? number(edges[0]) : "" }), make("span", { textContent: edges.length && edges.at(-1) !== edges[0] ? number(edges.at(-1)) : "" })));
  }
}
