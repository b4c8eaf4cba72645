/** What every page has: the search key, the theme button, relative times, copying. */

import { copyText } from "./shared/clipboard.js";
import { isShortcut } from "./dom.js";
import { siteAddress } from "./http.js";
import { gettext } from "./i18n.js";
import { keepTimesFresh } from "./times.js";
import "./alerts/news.js";
import { openPalette } from "./palette.js";
import "./shared/suggestions.js";
import "./shared/tooltip.js";
import "./shortcuts.js";

const THEMES = { auto: gettext("Auto"), light: gettext("Light"), dark: gettext("Dark") };

function nextTheme() {
  const names = Object.keys(THEMES);
  setTheme(names[(names.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % names.length]);
}

function setTheme(next) {
  const root = document.documentElement;
  if (next === "auto") delete root.dataset.theme;
  else root.dataset.theme = next;
  document.cookie = `runicorn_theme=${next}; path=${siteAddress("") || "/"}; max-age=31536000; samesite=strict`;
  nameTheme(themeButton);
  document.dispatchEvent(new Event("themechange"));
}

function nameTheme(button) {
  const theme = document.documentElement.dataset.theme ?? "auto";
  button.title = button.ariaLabel = gettext("Theme: {theme}", { theme: THEMES[theme] });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || !isShortcut(event)) return;
  event.preventDefault();
  openPalette();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  const source = button && document.getElementById(button.dataset.copy);
  if (source) copyText(source.textContent.trim(), source, button);
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
themeButton.addEventListener("click", nextTheme);
document.addEventListener("choosetheme", ({ detail }) => setTheme(detail));
keepTimesFresh();
// A canvas that was painted before the font arrived is painted again.
if (document.fonts.status === "loading") document.fonts.ready.then(() => document.dispatchEvent(new Event("fontchange")));
