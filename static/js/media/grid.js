/** Media of one key over the visible runs (rows) and steps (columns), as the server renders them; the previews are drawn here. */

import { cssColour } from "../chart/render/colours.js";
import { fragment } from "../http.js";
import { placeOf, showFailure } from "../run/steps.js";
import { openLightbox } from "./lightbox.js";
import { showNear } from "./preview.js";
import { wireSize } from "./step_slider.js";

const AGAIN = 1000;
const CELL = ".cell > button";

export class MediaGrid {
  /** `choose(change)` is called with a key or steps for the address. */
  constructor(choose) {
    Object.assign(this, { choose, mark: {}, holder: document.querySelector("#media .holder") });
    this.holder.addEventListener("submit", (event) => event.preventDefault());
    this.holder.addEventListener("change", ({ target }) => target.name === "media" && choose({ media: target.value, steps: "" }));
    this.holder.addEventListener("click", ({ target }) => this.#click(target));
    this.holder.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Show the runs ([{key, colour, points}]), with their new media, as a choice (address.js) says. */
  show(choice, runs) {
    Object.assign(this, { choice, runs });
    const asked = JSON.stringify([choice.media, choice.steps, runs.map(({ key, colour, points }) => [key, colour, points])]);
    if (choice.tab === "media" && asked !== this.asked) this.refresh(asked);
  }

  async refresh(asked = this.asked) {
    this.asked = asked;
    clearTimeout(this.timer);
    const { media, steps } = this.choice;
    const query = new URLSearchParams({ ids: this.runs.map(({ key }) => key).join(), media, steps });
    try {
      const text = await fragment(`${this.holder.dataset.address}?${query}`, this.mark);
      if (asked !== this.asked) return;
      if (text !== null) this.#draw(text);
      for (const row of this.#rows()) row.querySelector(".colour").style.setProperty("--dot", cssColour(this.runs.find(({ key }) => key === row.dataset.run)?.colour));
      if (this.holder.querySelector(".incomplete")) this.timer = setTimeout(() => this.refresh(), AGAIN);
    } catch (error) {
      if (asked === this.asked) showFailure(this.holder, error.message, () => this.refresh());
      this.mark = {};
    }
  }

  #rows() {
    return [...this.holder.querySelectorAll("tr[data-run]")];
  }

  #draw(text) {
    const { scrollLeft, scrollTop, style } = this.holder.querySelector(".media-grid") ?? this.holder;
    // Cells of the same key stay as high as they are.
    const aspect = this.drawn === this.choice.media ? style.getPropertyValue("--aspect") : "";
    this.drawn = this.choice.media;
    const focused = this.holder.contains(document.activeElement) && document.activeElement.parentElement.dataset.items;
    this.sight?.disconnect();
    this.holder.innerHTML = text;
    const scroller = this.holder.querySelector(".media-grid");
    if (!scroller) return;
    if (aspect) scroller.style.setProperty("--aspect", aspect);
    wireSize(this.holder.querySelector(".image-size"), this.holder, "runicorn.cell-size", "--cell");
    Object.assign(scroller, { scrollLeft, scrollTop });
    this.sight = new IntersectionObserver((entries) => entries.forEach(showNear), { root: scroller, rootMargin: "300px" });
    const cells = [...scroller.querySelectorAll(".cell")];
    for (const cell of cells) this.sight.observe(cell);
    const button = cells.find(({ dataset }) => dataset.items === focused)?.lastElementChild;
    if (button) this.focus(button);
    else if (cells.length) cells[0].lastElementChild.tabIndex = 0;
  }

  #click(target) {
    const opener = target.closest("[data-steps]");
    if (opener) this.choose({ steps: opener.dataset.steps });
    else if (target.matches(CELL)) {
      const all = this.#rows().map((row) => this.#series(row));
      const series = all.find(({ items }) => items.some(({ cell }) => cell === target.parentElement));
      series.at = series.items.findIndex(({ cell }) => cell === target.parentElement);
      openLightbox(series, () => all);
    }
  }

  /** The media of a row, for the lightbox. */
  #series(row) {
    const items = [...row.querySelectorAll(".cell")].flatMap((cell) => JSON.parse(cell.dataset.items).map((item) => ({ ...item, cell })));
    const grid = this;
    return {
      items,
      at: 0,
      title: row.querySelector("bdi").textContent,
      get words() {
        return placeOf(items, this.at).join(" · ");
      },
      show(at) {
        this.at = at;
        grid.focus(items[at].cell.lastElementChild);
      },
    };
  }

  #move(event) {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const { target } = event;
    if (!by || !target.matches(CELL) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [row, column] = ["tr", "td"].map((tag) => target.closest(tag));
    const line = event.key === "ArrowLeft" || event.key === "ArrowRight" ? row.cells : this.#rows().map(({ cells }) => cells[column.cellIndex]);
    const buttons = [...line].map((cell) => cell.querySelector(CELL)).filter(Boolean);
    this.focus(buttons[buttons.indexOf(target) + by] ?? target);
  }

  /** Focus a cell: Tab reaches it, and arrows the others. */
  focus(button) {
    for (const other of this.holder.querySelectorAll(CELL)) other.tabIndex = other === button ? 0 : -1;
    button.focus({ preventScroll: true });
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
