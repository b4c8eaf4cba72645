/** Legend of curves, sorted by the value under the cursor, or by the value at rest: beside all charts, and in full screen. */

import { axisOf } from "./axes.js";
import { splitNames } from "./data/names.js";
import { swatch } from "./render/swatch.js";
import { alignNumbers } from "./text/format.js";
import { restyleMark, verdictMark } from "./verdicts.js";
import { cutName, iconButton, make } from "../dom.js";
import { gettext, ngettext } from "../i18n.js";

const PAUSE = 120;

export class SideLegend {
  /**
   * `holder`: an element. `hooks`: highlight(key or null), and where there are eyes toggle(key), solo(key, clicks) and
   * remove(key), and verdict(metric, key)? where entries have none. `idOf`: the key of the entry of a curve.
   */
  constructor(holder, hooks, idOf = ({ key }) => key) {
    Object.assign(this, { hooks, idOf, entries: new Map(), items: new Map() });
    this.head = make("header", {}, make("strong", { className: "clip" }), make("span", { className: "soft" }));
    this.list = make("ul", { tabIndex: 0 }); // long ones are scrolled by keys
    holder.append(this.head, this.list);
    this.list.addEventListener("click", (event) => this.#click(event));
    this.list.addEventListener("pointerover", ({ target }) => this.hooks.highlight(keyOf(target)));
    this.list.addEventListener("pointerleave", () => this.hooks.highlight(null));
  }

  /** Show curves: [{key, label, name?, extra?, colour, dash?, marker?, href?, text?, number?, hidden?, removable?, verdict?}]; `title` names the values. */
  setEntries(entries, title = "") {
    const before = this.items;
    this.title = title;
    this.entries = new Map(entries.map((entry) => [entry.key, entry]));
    const names = splitNames(entries.map(({ name, label, key, extra }) => [name ?? label, name ? key : "", extra]));
    this.items = new Map(entries.map((entry, i) => [entry.key, kept(before.get(entry.key), entry, names[i]) ?? item(entry, names[i], Boolean(this.hooks.toggle))]));
    const order = [...this.list.children].map(({ dataset }) => this.items.get(dataset.key)).filter(Boolean);
    this.list.replaceChildren(...new Set([...order, ...this.items.values()]));
    this.read(this.reading ?? null);
  }

  /** Show the values under the cursor ({name, x, reads, settings}, see controller.js), or those at rest. */
  read(reading) {
    this.reading = reading;
    const values = new Map(reading?.reads.map(({ curve, value }) => [this.idOf(curve), value]));
    const [title, note] = this.head.children;
    const shown = [...this.entries.values()].filter(({ hidden }) => !hidden).length;
    title.textContent = reading?.name ?? this.title;
    note.textContent = reading ? axisOf(reading.settings).reading(reading.x, reading.settings) : ngettext("{n} visible", "{n} visible", shown);
    const texts = new Map(zip([...values.keys()], alignNumbers([...values.values()])));
    this.#judge(reading?.name || this.metric || this.title);
    const rated = [...this.entries.values()].map((entry) => {
      const value = reading ? values.get(entry.key) : entry.number;
      const text = (reading ? texts.get(entry.key) : entry.text) ?? "";
      const { output } = this.items.get(entry.key);
      if (output.textContent !== text) output.textContent = text;
      return [entry.key, typeof value === "number" && !Number.isNaN(value) ? value : -Infinity];
    });
    this.rated = rated;
    // Noisy curves change places with every move, and moving elements is expensive: a few times a second is enough.
    this.timer ||= setTimeout(() => this.#sort(), reading ? PAUSE : 0);
    this.point(reading ? this.idOf(reading.near.curve) : null);
  }

  /** Show the verdicts of a metric: of the one under the cursor, or of the values at rest. */
  #judge(metric) {
    for (const [key, { mark }] of this.items) restyleMark(mark, this.entries.get(key).verdict ?? this.hooks.verdict?.(metric, key));
  }

  #sort() {
    this.timer = 0;
    const order = this.rated.toSorted((a, b) => (a[1] === b[1] ? 0 : b[1] - a[1])).map(([key]) => this.items.get(key));
    const isSorted = order.every((item, i) => this.list.children[i] === item);
    if (!isSorted && !this.list.contains(document.activeElement)) this.list.append(...order);
  }

  /** Mark the curve that is pointed at. */
  point(key) {
    const element = this.items.get(key);
    if (element === this.pointed) return;
    this.pointed?.classList.remove("pointed");
    element?.classList.add("pointed");
    this.pointed = element;
  }

  #click(event) {
    const [button, key] = [event.target.closest("button"), keyOf(event.target)];
    if (!button || key === null) return;
    if (button.matches(".remove")) this.hooks.remove(key);
    else this.hooks[event.altKey || event.shiftKey || event.detail > 1 ? "solo" : "toggle"](key, event.detail);
  }
}

function zip(keys, values) {
  return keys.map((key, i) => [key, values[i]]);
}

function keyOf(target) {
  return target.closest("li")?.dataset.key ?? null;
}

/** Return the element of an entry if it looks the same. */
function kept(element, entry, name) {
  return element?.dataset.look === look(entry, name) ? element : undefined;
}

function look({ label, colour, dash, marker, hidden, removable }, name) {
  return JSON.stringify([label, name, colour, dash, marker, hidden, removable]);
}

function item(entry, name, hasEye) {
  const { key, label, href, hidden, removable } = entry;
  const title = make(href ? "a" : "span", { className: "clip", title: label, ...(href ? { href } : {}) }, cutName(make("bdi"), name));
  const eye = iconButton(hidden ? "eye-off" : "eye", hidden ? gettext("Show {label}", { label }) : gettext("Hide {label}", { label }), {
    className: "eye",
    "aria-pressed": String(!hidden),
  });
  const remove = removable ? [iconButton("remove", gettext("Remove {label}", { label }), { className: "remove" })] : [];
  const element = make("li", { className: hidden ? "off" : "" }, ...(hasEye ? [eye] : []), ...remove, swatch(entry), title, make("b"), verdictMark());
  Object.assign(element.dataset, { key, look: look(entry, name) });
  return Object.assign(element, { output: element.querySelector("b"), mark: element.lastChild });
}
