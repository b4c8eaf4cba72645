/** The charts panel: toolbar, grouping and charts of the visible runs. */

import { Toolbar } from "../run/toolbar.js";
import { RunsBoard } from "./board.js";
import { OverlaySource } from "./source.js";

export class ChartsPanel {
  /**
   * `section`: the panel. `hooks`: choose(change) when a user groups, groups(entries) with the groups of an answer,
   * pointed(reading or null), runCount().
   */
  constructor(section, hooks) {
    Object.assign(this, { section, hooks, groups: null });
    this.tools = section.querySelector("#group-tools");
    this.toolbar = new Toolbar(section.querySelector("#chart-tools"), 0, (settings) => this.#configure(settings));
    this.source = new OverlaySource();
    this.tools.hidden = false;
    this.tools.addEventListener("submit", (event) => event.preventDefault());
    // Its fields are in the row of the tools and in the settings of the charts.
    section.addEventListener("change", ({ target }) => {
      if (target.form !== this.tools) return;
      const { group, band } = this.tools.elements;
      const same = group.value === this.choice.group;
      hooks.choose({ group: group.value, band: band.value, hide: same ? this.choice.hide : this.#runsHidden() });
    });
  }

  /** Start drawing; the runs and the choice are known. */
  start() {
    this.board = new RunsBoard(this.section, this.source, { ...this.toolbar.settings, hidden: this.choice.hide }, {
      zoom: (range) => this.toolbar.zoom(range),
      opened: (answer) => this.#opened(answer),
      pointed: (reading) => this.hooks.pointed(reading),
    });
  }

  /** Show runs ([{key, label, …look}]) as a choice (address.js) says. */
  show(choice, runs) {
    const { version } = this.source;
    this.choice = choice;
    if (this.groups && choice.group !== this.source.group) this.groups = null;
    this.#ask();
    this.#showTools();
    if (!this.board) {
      this.source.setRuns(runs);
      return;
    }
    this.board.show(runs);
    if (this.source.version !== version || this.hidden !== choice.hide.join()) this.#configure(this.toolbar.settings);
  }

  /** Take over a newer panel. */
  merge(newer) {
    this.tools.elements.group.replaceChildren(...newer.querySelector("[name=group]").children);
    this.tools.elements.group.closest("label").hidden = newer.querySelector("[name=group]").closest("label").hidden;
    this.section.querySelector("#no-charts").replaceWith(newer.querySelector("#no-charts"));
    this.#showTools();
    this.board.merge(newer, this.toolbar.settings);
  }

  #ask() {
    const option = [...this.tools.elements.group.options].find(({ value }) => value === this.choice.group);
    const groups = this.choice.group ? Number(option?.dataset.groups ?? this.hooks.runCount()) : 0;
    this.source.configure(this.choice, groups);
  }

  #configure(settings) {
    this.hidden = this.choice.hide.join();
    this.#ask();
    this.board.configure({ ...settings, hidden: this.choice.hide });
  }

  #opened({ groups }) {
    if (!groups) return;
    const entries = this.source.groupEntries(groups);
    const same = JSON.stringify(entries) === JSON.stringify(this.groups);
    this.groups = entries;
    if (!same) this.hooks.groups(entries);
  }

  #showTools() {
    const { group, band } = this.tools.elements;
    group.value = this.choice.group;
    band.value = this.choice.band;
    band.closest("fieldset").hidden = !this.choice.group;
  }

  /** Other groups have other names: only hidden runs stay hidden. */
  #runsHidden() {
    const groups = new Set((this.groups ?? []).map(({ key }) => key));
    return this.choice.hide.filter((key) => !groups.has(key));
  }
}
