/** The search box of every page (`/`, Ctrl-K): runs, projects, metrics, artifacts, pages, settings, and what can be done here. */

import { cutName, icon, make } from "./dom.js";
import { requestJson, siteAddress } from "./http.js";
import { KINDS, actions, grouped, includes, pages, recent, remember, searchHere } from "./palette/places.js";

const PAUSE = 80;
/** Characters of a name that is cut in its middle, and of its end. */
const [LONG, END] = [40, 16];
class Palette {
  constructor(dialog) {
    this.dialog = dialog;
    this.field = dialog.querySelector("input");
    this.list = dialog.querySelector("[role=listbox]");
    this.turn = 0;
    this.field.addEventListener("input", () => this.#search());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("click", (event) => this.#go(event.target.closest("[role=option]"), event.ctrlKey || event.metaKey));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  open() {
    this.field.value = "";
    this.dialog.showModal();
    this.#search();
  }

  /** What is on this page at once, then what the server finds. */
  async #search() {
    const [text, turn] = [this.field.value.trim(), ++this.turn];
    const own = [...pages(), ...actions()].filter(includes(text));
    const last = text ? [] : recent();
    this.#show([...last, ...own, ...searchHere(text)], text, true);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (turn !== this.turn) return;
    const answer = await requestJson(siteAddress(`/find?${new URLSearchParams({ q: text })}`)).catch(() => ({ places: [] }));
    if (turn !== this.turn) return;
    const listed = new Set(own.map(({ url }) => url && new URL(url, location.href).href));
    const others = answer.places.filter(({ url }) => !listed.has(new URL(url, location.href).href));
    this.#show([...last, ...(text ? [...others, ...own] : [...own, ...others]), ...searchHere(text)], text, false);
  }

  #show(places, text, waiting) {
    this.dialog.querySelector(".none").hidden = waiting || places.length > 0;
    let at = 0;
    const groups = grouped(places, text).map((group) => {
      const { kind } = group[0];
      const title = make("li", { id: `places-${kind}`, className: "title faint", role: "presentation", textContent: KINDS[kind] });
      const list = make("ul", { role: "group", "aria-labelledby": title.id }, title, ...group.map((place) => option(place, at++)));
      return make("li", { role: "presentation" }, list);
    });
    this.list.replaceChildren(...groups);
    this.#choose(0);
  }

  get #options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  #choose(at) {
    const options = this.#options;
    this.at = options.length ? (at + options.length) % options.length : -1;
    options.forEach((element, n) => (element.ariaSelected = n === this.at));
    if (this.at) options[this.at]?.scrollIntoView({ block: "nearest" });
    else this.list.scrollTop = 0;
    if (options.length) this.field.setAttribute("aria-activedescendant", options[this.at].id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    if (event.key === "ArrowDown") this.#choose(this.at + 1);
    else if (event.key === "ArrowUp") this.#choose(this.at - 1);
    else if (event.key === "Enter") this.#go(this.#options[this.at], event.ctrlKey || event.metaKey);
    // A search field would only be emptied by its first Escape.
    else if (event.key === "Escape") this.dialog.close();
    else return;
    event.preventDefault();
  }

  #go(chosen, apart = false) {
    if (!chosen) return;
    this.dialog.close();
    const { place } = chosen;
    if (place.run) return place.run();
    if (!["page", "recent"].includes(place.kind)) remember(place);
    if (apart) open(place.url);
    else location.assign(place.url);
  }
}

/** Names of runs differ at their ends. */
function name(label) {
  return label.length > LONG ? cutName(make("bdi"), ["", label.slice(0, -END), label.slice(-END)]) : make("bdi", { className: "clip", textContent: label });
}

function option(place, at) {
  const parts = [icon(place.icon), name(place.label)];
  if (place.detail) parts.push(make("span", { className: "faint clip", textContent: place.detail }));
  return make("li", { id: `place-${at}`, role: "option", place }, ...parts);
}

const dialog = document.getElementById("palette");
const palette = dialog && new Palette(dialog);

/** Open the palette, unless a dialog is open. */
export function openPalette() {
  if (!document.querySelector("dialog[open]")) palette?.open();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  openPalette();
});
document.addEventListener("click", (event) => event.target.closest("[data-palette]") && openPalette());

const { run } = document.body.dataset;
if (run && palette) {
  const name = document.querySelector(".crumbs [aria-current]")?.textContent.trim() ?? run;
  remember({ kind: "run", label: name, url: location.pathname, icon: "runs" });
}
