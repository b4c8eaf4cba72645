/** The runs of the list, and which of them are visible in which colours as the address says. */

import { MATCHES, readChoice } from "./address.js";
import { RunColours } from "./colours.js";
import { paletteName } from "./palette_names.js";
import { MOST_VISIBLE, candidates, visible } from "./visibility.js";

export class VisibleRuns {
  /** `list`: a `RunList`. */
  constructor(list) {
    this.list = list;
    this.colours = new RunColours();
    this.read();
    this.grown();
  }

  /** Read address and list, and mark the visible runs of the list. `shown` has them: [{key, label, …look, …}]. */
  read() {
    this.choice = readChoice(location.search);
    this.runs = new Map(this.list.runs().map((run) => [run.key, run]));
    const all = [...this.runs.values()];
    this.matching = Number(document.getElementById("runs").dataset.matching);
    // Of few runs the list has all, those of other pages below it.
    this.listed = all.filter(({ listed }) => listed || this.#isComplete).map(({ key }) => key);
    const own = new Map(all.filter((run) => run.own).map((run) => [run.key, paletteName(run.own)]));
    const ids = visible(this.choice, this.listed).filter((id) => this.runs.has(id));
    const looks = this.colours.assign(ids, own);
    this.shown = ids.map((id) => ({ ...this.runs.get(id), ...looks.get(id) }));
    this.looks = looks;
    this.#showLooks();
  }

  /** Give the runs of the list the colours of their groups ([{ids, …look}]), or their own (null). */
  group(groups) {
    this.groups = groups;
    this.#showLooks();
  }

  #showLooks() {
    const of = new Map((this.groups ?? []).toReversed().flatMap(({ ids, colour, dash, marker }) => ids.map((id) => [id, { colour, dash, marker }])));
    if (!this.groups) return this.list.show(this.looks);
    // All runs of the list are in the groups, or in the density: what is hidden by name is not.
    const hidden = new Set(this.choice.hide);
    return this.list.show(new Map([...of].filter(([id]) => !hidden.has(id) && this.runs.has(id))));
  }

  get #isComplete() {
    return this.choice.of === MATCHES && this.matching <= MOST_VISIBLE;
  }

  /** A text that stands for the runs that have charts. */
  get candidates() {
    if (this.choice.of || this.choice.group || this.choice.tab === "hyperparameters") return `${this.choice.of} ${this.choice.tab} ${this.matching} ${this.listed.join()}`;
    return candidates(this.choice, this.listed).filter((id) => this.runs.has(id)).join();
  }

  /** Return the keys of the visible runs that may have new points since the last call. */
  grown() {
    const before = this.points ?? new Map();
    this.points = new Map([...this.runs.values()].map(({ key, points }) => [key, points]));
    return this.shown.filter(({ key, points }) => before.has(key) && before.get(key) !== points).map(({ key }) => key);
  }

  isVisible(id) {
    return this.shown.some(({ key }) => key === id);
  }
}
