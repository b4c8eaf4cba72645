/**
 * The charts of a page, arranged as a board of the project says; each change is saved at once.
 *   add(name, timeOnly)         show a metric that was logged for the first time; has(name) whether it is shown
 *   configure(settings)         apply settings of the toolbar, and `hidden` keys of groups
 *   merge(panel)                take over the charts of a newer panel; charts that stay keep their curves
 */

import { ChartController } from "../chart/controller.js";
import { arrange } from "./arrange/arrangement.js";
import { changeItem, moveCell } from "./arrange/changes.js";
import { lazy } from "../dom.js";
import { wireDrag } from "./input/drag.js";
import { BoardFile } from "./file.js";
import { applyFilter } from "./filter.js";
import { wireKeyboard, wireUndo } from "./input/keyboard.js";
import { chartOptions, fieldsOf, insertMetric, metricsIn, optionsIn } from "./arrange/metrics.js";
import { wireResize } from "./input/resize.js";
import { BoardBar } from "./bar.js";
import { changeSection } from "./arrange/section_changes.js";
import { rememberTexts } from "./texts.js";
import { BoardView } from "./view.js";

export class Board {
  /** `panel`: the charts. `source`, `settings`, `hooks`: those of the `ChartController`. */
  constructor(panel, source, settings, hooks) {
    Object.assign(this, { panel, source, settings, metrics: metricsIn(panel), showsHidden: false });
    this.bar = new BoardBar(panel, this);
    const data = JSON.parse(panel.dataset.board);
    rememberTexts(data.texts);
    this.file = new BoardFile(data, { changed: () => this.render(), say: (...said) => this.bar.notice(...said) });
    this.arranged = arrange(this.file.board, this.metrics);
    this.controller = new ChartController(panel, source, settings, {
      ...hooks,
      metrics: () => this.metrics.map(({ name }) => name),
      options: (name) => chartOptions(this.cell(name)),
      optionsChanged: (name, options) => this.#changeItem(name, fieldsOf(options)),
    });
    this.view = new BoardView(panel, this.controller, {
      folded: (key, folded) => this.#fold(key, folded),
      sectionMenu: (key, button) => this.openMenu("openSection", key, button),
      cellMenu: (name, button) => this.openMenu("openCell", name, button),
    });
    this.#wire();
    this.render();
    this.controller.openFull();
    this.controller.openVisible();
    if (data.error) this.bar.notice(this.file.refusal(), true);
  }

  #wire() {
    const say = (text) => this.bar.say(text), element = (name) => this.view.cell(name);
    wireDrag(this.view.holder, { moved: (name, key, before) => this.move(name, key, before) });
    wireKeyboard(this.view.holder, { say, element, sections: () => this.arranged.sections, moved: (...move) => this.move(...move), cancelled: () => this.render() });
    wireResize(this.view.holder, { say, resized: (name, [width, height]) => this.#changeItem(name, { size: [width * 4, height] }) });
    wireUndo(() => this.file.undo());
  }

  /** Return a cell of the page by its name. */
  cell(name) {
    return this.arranged.sections.flatMap(({ cells }) => cells).find((cell) => cell.name === name) ?? this.arranged.hidden.find((cell) => cell.name === name);
  }

  /** Open a menu by a method of `BoardMenus`, whose module is loaded on first use. */
  async openMenu(method, ...where) {
    const { BoardMenus } = await lazy("board/menus/menus");
    new BoardMenus(this)[method](...where);
  }

  change(board) { this.file.change(board); }

  /** Move a cell; a preview is not saved before the move without one that ends it. */
  move(name, key, before, isPreview = false) {
    const made = moveCell(this.preview ?? this.file.board, this.metrics, name, key, before);
    if (isPreview) return this.render(made);
    this.change(made);
    return this.render();
  }

  #changeItem(name, fields) {
    this.change(changeItem(this.file.board, this.metrics, name, fields));
  }

  #fold(key, folded) {
    const section = this.arranged.sections.find((other) => other.key === key);
    if (section.kind === "pinned" || section.kind === "hidden") section.folded = folded;
    else this.change(changeSection(this.file.board, this.metrics, key, { folded }));
  }

  /** Show the board, or a preview of another one. */
  render(preview = null) {
    this.preview = preview;
    const options = optionsIn(this.arranged);
    this.arranged = arrange(preview ?? this.file.board, this.metrics, { showsHidden: this.showsHidden });
    this.view.render(this.arranged.sections);
    if (optionsIn(this.arranged) !== options) this.controller.configure(this.settings);
    this.#filter();
  }

  #filter() {
    applyFilter(this.panel, this.settings.filter);
    this.bar.show();
  }

  has(name) {
    return this.metrics.some((metric) => metric.name === name);
  }

  add(name, timeOnly) {
    this.metrics = insertMetric(this.metrics, name, timeOnly);
    for (const empty of this.panel.querySelectorAll(".empty")) empty.hidden = true;
    this.render(this.preview);
  }

  configure(settings) {
    const before = this.settings;
    this.settings = settings;
    const isFiltered = settings.filter !== before.filter;
    // A filter alone changes no chart.
    if (!isFiltered || JSON.stringify({ ...before, filter: "" }) !== JSON.stringify({ ...settings, filter: "" })) this.controller.configure(settings);
    if (isFiltered) this.#filter();
  }

  merge(newer, settings) {
    this.settings = { ...this.settings, ...settings };
    this.metrics = metricsIn(newer);
    this.view.take(newer);
    this.render(this.preview);
  }
}
