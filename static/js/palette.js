/** The command palette (Ctrl-K) of every page: pages, projects, runs and what can be done here. */

import { make } from "./dom.js";
import { requestJson, siteAddress } from "./http.js";
import { gettext } from "./i18n.js";

const PAUSE = 120;
const COMMANDS = "#theme, #fold, #other-layout, .run-header .actions .button, [data-help]";
const KINDS = { page: gettext("Page"), command: gettext("Action"), project: gettext("Project"), run: gettext("Run") };

const visible = (one) => one.checkVisibility();
const nameOf = (one) => (one.dataset.command || one.ariaLabel || one.innerText.trim() || one.title).replace(/\s+/g, " ");

/** Pages of the rail and actions of this page. */
function local(text) {
  const pages = [...document.querySelectorAll(".rail ul a")].map((link) => ({ kind: "page", label: nameOf(link), url: link.href }));
  const commands = [...document.querySelectorAll(COMMANDS)].filter(visible).map((one) => ({ kind: "command", label: nameOf(one), run: () => one.click() }));
  return [...pages, ...commands].filter(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
}

class Palette {
  constructor(dialog) {
    this.dialog = dialog;
    this.field = dialog.querySelector("input");
    this.list = dialog.querySelector("[role=listbox]");
    this.turn = 0;
    this.field.addEventListener("input", () => this.#search());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("click", (event) => this.#go(event.target.closest("[role=option]")));
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
    this.#show(local(text), true);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (turn !== this.turn) return;
    const answer = await requestJson(siteAddress(`/find?${new URLSearchParams({ q: text })}`)).catch(() => ({ places: [] }));
    if (turn !== this.turn) return;
    this.#show(text ? [...answer.places, ...local(text)] : [...local(text), ...answer.places], false);
  }

  #show(places, waiting) {
    const empty = this.dialog.querySelector(".none");
    empty.hidden = waiting || places.length > 0;
    this.list.replaceChildren(...places.map(option));
    this.#choose(0);
  }

  #choose(at) {
    const options = [...this.list.children];
    this.at = options.length ? (at + options.length) % options.length : -1;
    options.forEach((one, n) => (one.ariaSelected = n === this.at));
    options[this.at]?.scrollIntoView({ block: "nearest" });
    if (options.length) this.field.setAttribute("aria-activedescendant", options[this.at].id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    if (event.key === "ArrowDown") this.#choose(this.at + 1);
    else if (event.key === "ArrowUp") this.#choose(this.at - 1);
    else if (event.key === "Enter") this.#go(this.list.children[this.at], event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  }

  #go(chosen, apart = false) {
    if (!chosen) return;
    this.dialog.close();
    const { place } = chosen;
    if (place.run) place.run();
    else if (apart) open(place.url);
    else location.assign(place.url);
  }
}

function option(place, at) {
  const detail = [place.detail, KINDS[place.kind]].filter(Boolean).join(" · ");
  const parts = [make("bdi", { className: "clip", textContent: place.label }), make("span", { className: "faint", textContent: detail })];
  return make("li", { id: `place-${at}`, role: "option", place }, ...parts);
}

const dialog = document.getElementById("palette");
const palette = dialog && new Palette(dialog);
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (!document.querySelector("dialog[open]")) palette?.open();
});
document.addEventListener("click", (event) => event.target.closest("[data-palette]") && palette.open());
