/** What every page has: the search key, the theme button, relative times, copying. */

import { siteAddress } from "./http.js";
import { gettext } from "./i18n.js";
import { keepTimesFresh } from "./times.js";
import "./alerts/news.js";
import "./palette.js";
import "./shortcuts.js";

const THEMES = { auto: gettext("Auto"), light: gettext("Light"), dark: gettext("Dark") };

function nextTheme(button) {
  const root = document.documentElement;
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(root.dataset.theme ?? "auto") + 1) % names.length];
  if (next === "auto") delete root.dataset.theme;
  else root.dataset.theme = next;
  document.cookie = `runicorn_theme=${next}; path=${siteAddress("") || "/"}; max-age=31536000; samesite=strict`;
  nameTheme(button);
  document.dispatchEvent(new Event("themechange"));
}

function nameTheme(button) {
  const theme = document.documentElement.dataset.theme ?? "auto";
  const [label] = button.getElementsByTagName("span");
  label.textContent = THEMES[theme];
  button.setAttribute("aria-label", gettext("Theme: {theme}", { theme: THEMES[theme] }));
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  // Browsers give the clipboard only to pages on loopback or behind TLS: elsewhere the text is selected.
  if (!navigator.clipboard) {
    getSelection().selectAllChildren(source);
    return;
  }
  await navigator.clipboard.writeText(source.textContent.trim());
  button.dataset.done = gettext("Copied");
  setTimeout(() => delete button.dataset.done, 1500);
}

function isTyping(target) {
  return target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  event.preventDefault();
  document.getElementById("search").select();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

const themeButton = document.getElementById("theme");
themeButton.hidden = false;
nameTheme(themeButton);
themeButton.addEventListener("click", () => nextTheme(themeButton));
keepTimesFresh();
// A canvas that was painted before the font arrived is painted again.
if (document.fonts.status === "loading") document.fonts.ready.then(() => document.dispatchEvent(new Event("fontchange")));
