/** Places of the palette: pages of the navigation, actions, what was opened last, and their order. */

import { gettext } from "../i18n.js";
import { keep, kept } from "../shared/kept.js";

const COMMANDS = "#fold, #other-layout, .run-header .actions .button, a[data-command], [data-help]";
const RECENT = "runicorn.recent";
const MOST_RECENT = 5;
const THEMES = { dark: gettext("Dark theme"), light: gettext("Light theme"), auto: gettext("Theme of the system") };
export const KINDS = {
  recent: gettext("Recent"),
  action: gettext("Actions"),
  project: gettext("Projects"),
  run: gettext("Runs"),
  metric: gettext("Metrics"),
  artifact: gettext("Artifacts"),
  page: gettext("Pages"),
  setting: gettext("Settings"),
};

const visible = (element) => element.checkVisibility();
const nameOf = (element) => (element.dataset.command || element.ariaLabel || element.innerText.trim() || element.title).replace(/\s+/g, " ");
export const includes = (text) => ({ label, words = "" }) => `${label} ${words}`.toLowerCase().includes(text.toLowerCase());

/** The name of the symbol of an icon within an element. */
const iconOf = (element) => element.querySelector("use")?.getAttribute("href").split("#")[1] ?? "command";

export function pages() {
  return [...document.querySelectorAll(".rail ul a")].map((link) => ({ kind: "page", label: link.innerText.split("\n")[0].trim(), url: link.href, icon: iconOf(link) }));
}

export function actions() {
  const ofPage = [...document.querySelectorAll(COMMANDS)].filter(visible).map((element) => ({ kind: "action", label: nameOf(element), icon: iconOf(element), run: () => element.click() }));
  const themes = Object.entries(THEMES).map(([name, label]) => ({ kind: "action", label, words: `theme ${name}`, icon: "theme", run: () => document.dispatchEvent(new CustomEvent("choosetheme", { detail: name })) }));
  const help = { kind: "action", label: gettext("Keyboard shortcuts"), words: "help ?", icon: "command", run: () => document.getElementById("help").showModal() };
  return [...ofPage, ...themes, help];
}

/** Return the search of the table below, where there is one. */
export function searchHere(text) {
  const field = document.getElementById("search");
  if (!field || !text) return [];
  const run = () => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  return [{ kind: "action", label: gettext("Search this page for “{text}”", { text }), icon: "search", run, last: true }];
}

/** How well a label begins with a text: 0 best. */
function rank({ label, last }, text) {
  const [name, part] = [label.toLowerCase(), text.toLowerCase()];
  if (last) return 3;
  if (name.startsWith(part)) return 0;
  return name.split(/[\s/_.-]+/).some((word) => word.startsWith(part)) ? 1 : 2;
}

/** Order places by groups; a group stands where its best match does. */
export function grouped(places, text) {
  const groups = Map.groupBy(places, ({ kind }) => kind);
  const best = (group) => Math.min(...group.map((place) => rank(place, text)));
  return [...groups.values()].sort((a, b) => (text ? best(a) - best(b) : 0)).map((group) => group.sort((a, b) => rank(a, text) - rank(b, text)));
}

export function remember({ kind, label, detail = "", url, icon: name }) {
  const entry = { kind: "recent", label, detail: detail || KINDS[kind], url, icon: name };
  const others = (kept(RECENT) ?? []).filter((other) => other.url !== url);
  keep(RECENT, [entry, ...others].slice(0, MOST_RECENT + 1));
}

/** Return what was opened last, other than this page. */
export const recent = () => (kept(RECENT) ?? []).filter(({ url }) => url !== location.pathname).slice(0, MOST_RECENT);
