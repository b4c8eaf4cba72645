/** Swagger UI in the theme of the other pages: its dark mode is a class of the root element. */

import { isDark, onThemeChange } from "./chart/render/palette.js";

function follow() {
  document.documentElement.classList.toggle("dark-mode", isDark());
}

onThemeChange(follow);
follow();
