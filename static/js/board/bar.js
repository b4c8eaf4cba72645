/** The bar of a board: its name, the index of sections, "Fold all", and notices. */

import { gettext } from "../i18n.js";
import { titleOf } from "./cells.js";
import { isShared, make } from "../dom.js";
import { foldAll } from "./arrange/section_changes.js";

export class BoardBar {
  constructor(panel, board) {
    Object.assign(this, { panel, board });
    const find = (id) => panel.querySelector(`#${id}`);
    Object.assign(this, { menu: find("board-menu"), index: find("section-index"), add: find("add-menu"), fold: find("fold-all"), note: find("board-notice"), said: find("board-said") });
    this.menu.disabled = this.add.hidden = isShared;
    this.menu.addEventListener("click", () => board.openMenu("openBoards", this.menu));
    this.add.addEventListener("click", () => board.openMenu("openAdd", this.add));
    this.fold.addEventListener("click", () => this.#fold());
    this.note.querySelector("button").addEventListener("click", () => this.notice(""));
    this.index.addEventListener("click", (event) => this.#jump(event));
    // As many as fit into the grid of board.css.
    const columns = () => panel.style.setProperty("--columns", Math.max(1, Math.floor((panel.clientWidth - 32 + 12) / (300 + 12))));
    new ResizeObserver(columns).observe(panel);
    columns();
  }

  show() {
    const { file, arranged } = this.board;
    this.menu.querySelector("bdi").textContent = file.board.title || (file.name === "default" ? gettext("Default") : file.name);
    const groups = [...this.panel.querySelectorAll(".group")].filter(({ hidden }) => !hidden);
    this.index.replaceChildren(...groups.map((group) => this.#entry(group)));
    this.index.hidden = this.fold.hidden = groups.length < 2;
    this.folds = arranged.sections.some(({ folded }) => !folded);
    this.fold.textContent = this.folds ? gettext("Fold all") : gettext("Open all");
  }

  #entry(group) {
    const section = this.board.arranged.sections.find(({ key }) => key === group.dataset.section);
    const count = group.querySelectorAll("[data-cell]:not([hidden])").length;
    return make("a", { href: `#${group.id}` }, make("bdi", { textContent: titleOf(section) }), make("span", { className: "faint", textContent: count }));
  }

  #jump(event) {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    const group = this.panel.querySelector(link.getAttribute("href"));
    group.querySelector("details").open = true;
    group.style.scrollMarginTop = "";
    group.scrollIntoView({ block: "start" });
    // The height of the bars above depends on how their tools wrap.
    const covered = this.panel.querySelector("#board-bar").getBoundingClientRect().bottom - group.getBoundingClientRect().top;
    if (covered > 0) {
      group.style.scrollMarginTop = `${parseFloat(getComputedStyle(group).scrollMarginTop) + covered + 4}px`;
      group.scrollIntoView({ block: "start" });
    }
    group.querySelector("summary").focus({ preventScroll: true });
  }

  #fold() {
    const { file, metrics } = this.board;
    this.board.change(foldAll(file.board, metrics, this.folds));
  }

  /** Show a sentence until it is dismissed; an empty one removes a refusal only. */
  notice(text, isRefusal = false) {
    this.note.hidden = !text;
    this.note.classList.toggle("failed", isRefusal);
    this.note.querySelector("span").textContent = text;
  }

  /** Say something to readers of the screen. */
  say(text) {
    this.said.textContent = text;
  }
}
