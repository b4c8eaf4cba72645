/** Legend for all charts of a page: hover highlights a curve, click hides it, double-click isolates it. */

import { gettext } from "../i18n.js";
import { swatch } from "./render/colours.js";

const FILTERED_FROM = 12;

export class Legend {
  /**
   * `holder`: an element for the legend. `entries`: [{key, label, colour, dash?, href?}].
   * `hooks`: hide(keys), with all keys that are hidden now, and highlight(key or null).
   */
  constructor(holder, entries, hooks) {
    this.holder = holder;
    this.hooks = hooks;
    this.hidden = new Set();
    this.list = document.createElement("ul");
    this.setEntries(entries);
  }

  /** Other curves; what was hidden stays hidden. */
  setEntries(entries) {
    this.entries = entries;
    this.list.replaceChildren(...entries.map((entry) => this.#item(entry)));
    this.holder.classList.add("legend");
    this.holder.replaceChildren(...(entries.length > FILTERED_FROM ? [this.#filter()] : []), this.list, this.#all());
    this.show([...this.hidden]);
  }

  /** Show which keys are hidden, for instance those that an address names. */
  show(hidden) {
    this.hidden = new Set(hidden);
    for (const button of this.list.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(!this.hidden.has(button.dataset.key)));
    }
    this.holder.querySelector(".all").hidden = !this.entries.some(({ key }) => this.hidden.has(key));
  }

  #item({ key, label, colour, dash, href }) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.key = key;
    button.title = gettext("{label}: click to hide or show, double-click to isolate", { label });
    button.append(swatch(colour, dash), named(label));
    button.addEventListener("click", (event) => (event.detail > 1 || event.shiftKey ? this.#only(key) : this.#toggle(key)));
    for (const sign of ["pointerenter", "focus"]) button.addEventListener(sign, () => this.hooks.highlight(key));
    for (const sign of ["pointerleave", "blur"]) button.addEventListener(sign, () => this.hooks.highlight(null));
    item.append(button);
    if (href) item.append(link(href, label));
    return item;
  }

  #toggle(key) {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(key)) hidden.add(key);
    this.#hide(hidden);
  }

  #only(key) {
    const others = this.entries.map((entry) => entry.key).filter((other) => other !== key);
    this.#hide(others);
  }

  #hide(hidden) {
    this.show(hidden);
    this.hooks.hide([...this.hidden]);
  }

  #all() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button all";
    button.textContent = gettext("Show all");
    button.addEventListener("click", () => this.#hide([]));
    return button;
  }

  #filter() {
    const input = document.createElement("input");
    input.type = "search";
    input.placeholder = gettext("Filter curves");
    input.setAttribute("aria-label", gettext("Filter curves by name"));
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const item of this.list.children) {
        const text = item.textContent.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
      }
    });
    return input;
  }
}

function named(label) {
  const text = document.createElement("bdi");
  text.textContent = label;
  return text;
}

function link(href, label) {
  const anchor = document.createElement("a");
  anchor.href = href;
  anchor.textContent = "↗";
  anchor.setAttribute("aria-label", gettext("Open {label}", { label }));
  return anchor;
}
