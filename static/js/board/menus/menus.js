/** Menus of a board: of a cell, of a section, of what can be added, and of the boards of the project. */

import { gettext } from "../../i18n.js";
import { boardEntries } from "./boards.js";
import { addItem, changeItem, hide, moveCell, pin, removeItem } from "../arrange/changes.js";
import { sizeOf, titleOf } from "../cells.js";
import { askChart, askSection, askText } from "./dialogs.js";
import { openMenu } from "./menu.js";
import { addSection } from "../arrange/section_changes.js";
import { sectionEntries } from "./section_entries.js";

export class BoardMenus {
  constructor(board) {
    this.board = board;
  }

  /** Apply a change: `edit(content, metrics, …)` returns the new content. */
  apply(edit, ...given) {
    const { file, metrics } = this.board;
    this.board.change(edit(file.board, metrics, ...given));
  }

  openCell(name, button) {
    const cell = this.board.cell(name);
    openMenu(button, cell.kind === "text" ? this.#textEntries(cell) : this.#chartEntries(cell));
  }

  #chartEntries({ name, item, ...cell }) {
    const { file } = this.board;
    const [pinned, hidden] = [file.board.pinned?.includes(name), file.board.hidden?.includes(name)];
    const isAdded = item && (item.match || item.metrics.length > 1);
    return [
      { label: pinned ? gettext("Unpin") : gettext("Pin"), action: () => this.board.change(pin(file.board, name, !pinned)) },
      { label: hidden ? gettext("Show again") : gettext("Hide"), action: () => this.board.change(hide(file.board, name, !hidden)) },
      null,
      ...this.#moveEntries(name),
      null,
      ...this.#sizeEntries({ name, item, ...cell }),
      ...(isAdded ? [null, { label: gettext("Remove chart"), action: () => this.apply(removeItem, name) }] : []),
    ];
  }

  #textEntries({ name, item, ...cell }) {
    const edit = async () => {
      const text = await askText(gettext("Edit text"), item.markdown);
      if (text !== null) this.apply(changeItem, name, { markdown: text });
    };
    return [{ label: gettext("Edit text"), action: edit }, null, ...this.#moveEntries(name), null, ...this.#sizeEntries({ name, item, ...cell }), null, { label: gettext("Remove text"), action: () => this.apply(removeItem, name) }];
  }

  #moveEntries(name) {
    const { sections } = this.board.arranged;
    const own = sections.find(({ cells }) => cells.some((cell) => cell.name === name));
    const names = own.cells.map((cell) => cell.name), place = names.indexOf(name);
    return [
      { label: gettext("Move to the front"), disabled: place === 0 || own.kind === "hidden", action: () => this.apply(moveCell, name, own.key, names[0]) },
      { label: gettext("Move to another section…"), disabled: sections.length < 2, action: () => this.#chooseSection(name, own) },
    ];
  }

  #chooseSection(name, own) {
    const others = this.board.arranged.sections.filter(({ key, kind }) => key !== own.key && kind !== "pinned" && kind !== "hidden");
    const button = this.board.view.cell(name).querySelector(".more");
    openMenu(button, others.map((section) => ({ label: titleOf(section), action: () => this.apply(moveCell, name, section.key, section.cells[0]?.name) })));
  }

  #sizeEntries(cell) {
    const [width, height] = sizeOf(cell);
    const resize = (size) => this.apply(changeItem, cell.name, { size: [size[0] * 4, size[1]] });
    const widths = [gettext("Width: 1 column"), gettext("Width: 2 columns"), gettext("Width: 3 columns")];
    const heights = [gettext("Height: 1 row"), gettext("Height: 2 rows"), gettext("Height: 3 rows")];
    return [
      ...widths.map((label, i) => ({ label, checked: width === i + 1, action: () => resize([i + 1, height]) })),
      null,
      ...heights.map((label, i) => ({ label, checked: height === i + 1, action: () => resize([width, i + 1]) })),
    ];
  }

  openSection(key, button) {
    openMenu(button, sectionEntries(this, key));
  }

  openAdd(button) {
    openMenu(button, [
      { label: gettext("Chart…"), action: () => this.addChart() },
      { label: gettext("Text…"), action: () => this.addText() },
      { label: gettext("Section…"), action: () => this.#addSection() },
    ]);
  }

  openBoards(button) {
    openMenu(button, boardEntries(this.board), false);
  }

  /** Add an item to a section; without one to a new section at the top. */
  #add(item, key) {
    if (!item) return;
    if (key) this.apply(addItem, key, item);
    else this.apply(addSection, { title: item.title ?? ("markdown" in item ? gettext("Notes") : gettext("Charts")), items: [item] });
  }

  async addChart(key) {
    this.#add(await askChart(this.board.metrics.map(({ name }) => name)), key);
  }

  async addText(key) {
    const text = await askText(gettext("Add text"));
    this.#add(text === null ? null : { markdown: text }, key);
  }

  async #addSection() {
    const section = await askSection();
    if (section) this.apply(addSection, section);
  }
}
