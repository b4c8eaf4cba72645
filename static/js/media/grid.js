/** Media of one key over the visible runs (rows) and steps (columns). What is out of sight is not in the page. */

import { make } from "../dom.js";
import { requestJson } from "../http.js";
import { gettext } from "../i18n.js";
import { showFailure } from "../run/steps.js";
import { GridRow } from "./grid_row.js";
import { showNear } from "./preview.js";
import { wireSize } from "./step_slider.js";

const AGAIN = 1000;
const NEAR = "300px";
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class MediaGrid {
  /** `section`: the panel. `choose(change)` is called with a key or steps for the address. */
  constructor(section, choose) {
    Object.assign(this, { section, choose, shown: "", cells: new Map() });
    this.tools = section.querySelector("form");
    this.scroller = section.querySelector(".media-grid");
    this.table = this.scroller.querySelector("table");
    this.sight = new IntersectionObserver((entries) => entries.forEach(showNear), { root: this.scroller, rootMargin: NEAR });
    this.tools.addEventListener("submit", (event) => event.preventDefault());
    this.tools.elements.media.addEventListener("change", ({ target }) => choose({ media: target.value, steps: "" }));
    this.tools.querySelector("button").addEventListener("click", () => choose({ steps: "" }));
    this.table.addEventListener("keydown", (event) => this.#move(event));
    wireSize(this.tools.querySelector(".image-size"), section, "runicorn.cell-size", "--cell");
  }

  /** Show the runs ([{key, label, colour, href}]) as a choice (address.js) says. */
  show(choice, runs) {
    Object.assign(this, { choice, runs });
    const asked = JSON.stringify([choice.media, choice.steps, runs]);
    if (choice.tab === "media" && asked !== this.shown) this.refresh(asked);
  }

  /** Fetch the grid again: the runs may have new media. */
  async refresh(asked = this.shown) {
    this.shown = asked;
    clearTimeout(this.timer);
    const { media: key, steps } = this.choice;
    const query = new URLSearchParams({ ids: this.runs.map((run) => run.key).join(), key, steps });
    const failure = this.section.querySelector(".failures");
    try {
      const grid = this.runs.length ? await requestJson(`${this.section.dataset.address}?${query}`) : { keys: [], columns: [], rows: [], is_complete: true };
      if (asked !== this.shown) return;
      failure.replaceChildren();
      this.#draw(grid);
      if (!grid.is_complete) this.timer = setTimeout(() => this.refresh(), AGAIN);
    } catch (error) {
      if (asked === this.shown) showFailure(failure, error.message, () => this.refresh());
    }
  }

  #draw({ keys, key, is_counted: isCounted, columns, rows }) {
    this.section.querySelector(".nothing").hidden = keys.length > 0;
    this.tools.hidden = this.scroller.hidden = !keys.length;
    this.tools.querySelector("button").hidden = !this.choice.steps;
    this.tools.elements.media.replaceChildren(...Object.entries(Object.groupBy(keys, ({ title }) => title)).map(([label, some]) =>
      make("optgroup", { label }, ...some.map((one) => make("option", { value: one.key, textContent: one.key, selected: one.key === key }))),
    ));
    const runs = new Map(this.runs.map((run) => [run.key, run]));
    this.series = rows.filter(({ id }) => runs.has(id)).map(({ id, items }) => new GridRow(runs.get(id), items, this));
    const before = this.cells;
    this.cells = new Map();
    this.table.tHead.rows[0].replaceChildren(this.table.tHead.rows[0].cells[0], ...columns.map((column) => this.#head(column, isCounted)));
    this.table.tBodies[0].replaceChildren(...this.series.map((row) => row.element(columns.length, before)));
    for (const [address, cell] of before) if (!this.cells.has(address)) this.sight.unobserve(cell);
    for (const [address, cell] of this.cells) if (!before.has(address)) this.sight.observe(cell);
    this.#focusable(this.table.querySelector("[tabindex='0']") ?? this.table.querySelector("td button"));
  }

  #head({ first, last, steps }, isCounted) {
    const words = isCounted ? `${last + 1}` : gettext("step {step}", { step: last.toLocaleString("en") });
    if (steps < 2) return make("th", { scope: "col", textContent: words });
    const title = gettext("Show {n} steps from {first} to {last}", { n: steps.toLocaleString("en"), first: first.toLocaleString("en"), last: last.toLocaleString("en") });
    const button = make("button", { type: "button", className: "button quiet small", title, "aria-label": title }, words, make("span", { className: "faint", textContent: `+${(steps - 1).toLocaleString("en")}` }));
    button.addEventListener("click", () => this.choose({ steps: `${first}:${last}` }));
    return make("th", { scope: "col" }, button);
  }

  /** One cell is reached by Tab, the others from it by arrows. */
  #focusable(button) {
    for (const other of this.table.querySelectorAll("td button")) other.tabIndex = other === button ? 0 : -1;
  }

  #move(event) {
    const move = MOVES[event.key];
    const cell = event.target.closest("td");
    if (!move || !cell || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    let [x, y] = [cell.cellIndex, cell.parentElement.sectionRowIndex];
    const { rows } = this.table.tBodies[0];
    do [x, y] = [x + move[0], y + move[1]];
    while (x > 0 && rows[y]?.cells[x] && !rows[y].cells[x].firstElementChild);
    this.focus(rows[y]?.cells[x]?.querySelector("button"));
  }

  focus(button) {
    if (!button) return;
    this.#focusable(button);
    button.focus({ preventScroll: true });
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
