/** The sections and cells of a board on the page. Charts that stay keep their curves. */

import { gettext } from "../i18n.js";
import { addHandles, figureOf, sizeOf, textCell, titleOf } from "./cells.js";
import { iconButton, make, placeChildren } from "../dom.js";
import { prefixOf } from "./arrange/names.js";

export class BoardView {
  /**
   * `root`: the panel with `.groups`. `controller`: the `ChartController`.
   * `hooks`: folded(key, isFolded), sectionMenu(key, button), cellMenu(name, button).
   */
  constructor(root, controller, hooks) {
    Object.assign(this, { controller, hooks, arranged: [] });
    this.holder = root.querySelector(".groups");
    this.sections = new Map();
    for (const group of this.holder.querySelectorAll(".group")) this.sections.set(`prefix:${prefixOf(group.dataset.group)}`, this.#adopt(group));
    this.figures = new Map();
    this.take(root);
  }

  /** Take over the charts of a page rendered by the server. */
  take(root) {
    for (const chart of root.querySelectorAll("figure[data-name]")) {
      if (!this.figures.has(chart.dataset.name)) this.figures.set(chart.dataset.name, document.adoptNode(chart));
    }
  }

  render(sections) {
    this.arranged = sections;
    const cells = new Set(sections.flatMap((section) => section.cells.map(({ name }) => name)));
    for (const [name, figure] of this.figures) {
      if (cells.has(name)) continue;
      if (this.controller.has(name)) this.controller.remove(name);
      this.figures.delete(name);
      figure.remove();
    }
    const groups = sections.map((section) => this.#section(section));
    placeChildren(this.holder, groups);
    for (const [key, { group }] of this.sections) if (!groups.includes(group)) this.sections.delete(key);
    for (const [name, figure] of this.figures) if (!this.controller.has(name)) this.controller.add(figure);
  }

  /** Return the element of a cell. */
  cell(name) {
    return this.holder.querySelector(`[data-cell="${CSS.escape(name)}"]`);
  }

  #section(section) {
    if (!this.sections.has(section.key)) this.sections.set(section.key, this.#adopt(newGroup()));
    const parts = this.sections.get(section.key);
    parts.group.dataset.section = section.key;
    parts.folded = section.folded;
    parts.group.dataset.folded = section.folded;
    parts.details.open = !section.folded;
    parts.title.replaceChildren(make("bdi", { textContent: titleOf(section) }));
    parts.menu.ariaLabel = gettext("Menu of section {name}", { name: titleOf(section) });
    placeChildren(parts.charts, section.cells.map((cell) => this.#cell(cell, section)));
    parts.charts.dataset.hint = section.cells.length ? "" : gettext("Drag charts here.");
    return parts.group;
  }

  #adopt(group) {
    const [details, summary, charts] = ["details", "summary", ".charts"].map((selector) => group.querySelector(selector));
    const menu = iconButton("more", gettext("Menu"), { "aria-haspopup": "menu" });
    const parts = { group, details, charts, menu, title: summary.querySelector("h2"), count: make("span", { className: "count faint" }), folded: false };
    group.id = `section-${(this.made = (this.made ?? 0) + 1)}`;
    summary.append(parts.count);
    group.append(menu);
    menu.addEventListener("click", () => this.hooks.sectionMenu(group.dataset.section, menu));
    details.addEventListener("toggle", () => {
      if (details.open !== parts.folded || "found" in group.dataset) return;
      parts.folded = !details.open;
      this.hooks.folded(group.dataset.section, parts.folded);
    });
    return parts;
  }

  #cell(cell, { prefix }) {
    const element = cell.kind === "text" ? this.#text(cell) : this.#figure(cell);
    const label = prefix && cell.name.startsWith(prefix) && cell.name !== prefix ? cell.name.slice(prefix.length) : cell.name;
    const several = cell.metrics.length > 1 ? cell.metrics.join(", ") : label;
    if (cell.kind === "chart") element.querySelector("h3 bdi").textContent = cell.item?.title ?? cell.item?.match ?? several;
    const [width, height] = sizeOf(cell);
    element.dataset.cell = cell.name;
    element.style.setProperty("--w", width);
    element.style.setProperty("--h", height);
    element.classList.toggle("wide", width > 1);
    return element;
  }

  #text(cell) {
    return this.cell(cell.name) ?? addHandles(textCell(cell.item.markdown), cell, this.hooks);
  }

  #figure(cell) {
    if (!this.figures.has(cell.name)) this.figures.set(cell.name, figureOf(cell));
    const figure = this.figures.get(cell.name);
    if (!figure.dataset.cell) addHandles(figure, cell, this.hooks);
    return figure;
  }
}

function newGroup() {
  const details = make("details", {}, make("summary", {}, make("h2")), make("div", { className: "charts" }));
  return make("div", { className: "group" }, details);
}
