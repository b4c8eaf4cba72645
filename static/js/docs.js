/** Swagger UI has a dark form of its own, under a class of the root element: it follows the theme of the other pages. */

import { isDark, onThemeChange } from "./chart/palette.js";

function follow() {
  document.documentElement.classList.toggle("dark-mode", isDark());
}

onThemeChange(follow);
follow();
