/** The charts panel: toolbar, grouping and charts of the visible runs. */

import { formatNumber } from "../chart/text/format.js";
import { gettext, ngettext } from "../i18n.js";
import { Verdicts } from "../chart/verdicts.js";
import { Toolbar } from "../run/toolbar.js";
import { RunsBoard } from "./board.js";
import { groupEntries, namedEntries } from "./distribution.js";
import { OverlaySource } from "./source.js";

/** Milliseconds until curves that could not be read in time are asked for again. */
const PAUSE = 300;

export class ChartsPanel {
  /**
   * `section`: the panel. `hooks`: choose(change) when a user groups, groups(entries) with the groups of an answer,
   * pointed(reading or null), list() with {matching, listed, metric}, reading(text) while curves are read, judged() when verdicts came.
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
      const { group, band, of, diff } = this.tools.elements;
      const same = group.value === this.choice.group;
      hooks.choose({ group: group.value, band: band.value, of: of.value, diff: diff.value, hide: same ? this.choice.hide : this.#runsHidden() });
    });
  }

  /** Start drawing; the runs and the choice are known. */
  start() {
    this.board = new RunsBoard(this.section, this.source, { ...this.toolbar.settings, hidden: this.choice.hide }, {
      zoom: (range) => this.toolbar.zoom(range),
      opened: (answer) => this.#opened(answer),
      pointed: (reading) => this.hooks.pointed(reading),
    });
    this.verdicts = new Verdicts(this.board.controller, () => this.hooks.judged());
  }

  /** Show runs ([{key, label, …look}]) as a choice (address.js) says. */
  show(choice, runs) {
    const { version } = this.source;
    this.choice = choice;
    this.#ask();
    if (this.source.version !== version) this.groups = null;
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
    this.tools.dataset.baseline = newer.querySelector("#group-tools").dataset.baseline;
    this.section.querySelector("#no-charts").replaceWith(newer.querySelector("#no-charts"));
    this.#showTools();
    this.board.merge(newer, this.toolbar.settings);
  }

  #ask() {
    this.source.configure(this.choice, { ...this.hooks.list(), search: location.search, baseline: this.tools.dataset.baseline });
  }

  #configure(settings) {
    this.hidden = this.choice.hide.join();
    this.#ask();
    this.board.configure({ ...settings, hidden: this.choice.hide });
  }

  #opened({ isBinned, isDensity, metrics, unread, matching, pending }) {
    if (pending) this.#askAgain();
    this.#judge();
    if (!isBinned) return;
    this.#read(unread, matching);
    if (!this.source.isWhole) return;
    const [metric] = metrics;
    // Each chart has its own best and worst runs: the legend is that of the first one, whose answer may be a later one.
    if (!metric || (isDensity && this.groups && this.#place(metric.name) > this.#place(this.title))) return;
    this.title = metric.name;
    const entries = isDensity ? [...namedEntries(metric).values()].toReversed() : groupEntries(metric);
    const same = JSON.stringify(entries) === JSON.stringify(this.groups);
    this.groups = entries;
    if (!same) this.hooks.groups(entries);
  }

  #judge(isNewer = false) {
    this.verdicts.ask(this.source.verdictQuery(this.tools.dataset.baseline, this.hooks.list().metric), isNewer);
  }

  /** These runs have new points. */
  refresh(keys) {
    this.board.refresh(keys);
    this.#judge(true);
  }

  /** Return the place of a chart on the page. */
  #place(name) {
    const place = [...this.section.querySelectorAll("figure")].findIndex((figure) => figure.dataset.name === name);
    return place < 0 ? Infinity : place;
  }

  /** Say how many curves are not read yet, and ask again: each request reads more of them. */
  #read(unread, matching) {
    const [done, total] = [matching - unread, matching].map(formatNumber);
    this.hooks.reading(unread ? gettext("{done} of {total} curves are read", { done, total }) : "");
    if (unread) this.#askAgain();
  }

  #askAgain() {
    this.timer ||= setTimeout(() => {
      this.timer = 0;
      this.source.version += 1;
      this.board.controller.refresh();
    }, PAUSE);
  }

  #showTools() {
    const { group, band, of, diff } = this.tools.elements;
    const { matching } = this.hooks.list();
    if (this.choice.group && ![...group.options].some(({ value }) => value === this.choice.group)) {
      group.append(new Option(this.choice.group.replace(/^config\./, ""), this.choice.group));
    }
    group.value = this.choice.group;
    of.value = this.choice.of;
    diff.value = this.choice.diff;
    diff.closest("fieldset").hidden = !this.tools.dataset.baseline;
    of.options[1].textContent = ngettext("all {n} run", "all {n} runs", matching, { n: formatNumber(matching) });
    of.closest("label").hidden = Boolean(this.choice.group);
    band.value = this.choice.band;
    band.closest("fieldset").hidden = !this.choice.group;
  }

  /** Other groups have other names: only hidden runs stay hidden. */
  #runsHidden() {
    const groups = new Set((this.groups ?? []).map(({ key }) => key));
    return this.choice.hide.filter((key) => !groups.has(key));
  }
}
