/** Swagger UI in the theme of the other pages, and with the roles and names that its own markup lacks. */

import { isDark, onThemeChange } from "../chart/render/palette.js";
import { gettext } from "../i18n.js";

function follow() {
  document.documentElement.classList.toggle("dark-mode", isDark());
}

function addRoles() {
  // A link inside a button: the button opens the route and sets the address.
  for (const link of place.querySelectorAll(".opblock-summary-control a[href]")) link.removeAttribute("href");
  for (const table of place.querySelectorAll("table[role=region]")) table.removeAttribute("role");
  for (const body of place.querySelectorAll("textarea:not([aria-label])")) body.ariaLabel = gettext("Request body");
  for (const choice of place.querySelectorAll("tr[data-param-name] select:not([aria-label])")) {
    choice.ariaLabel = choice.closest("tr").dataset.paramName;
  }
  // They scroll sideways.
  for (const sample of place.querySelectorAll("pre:not([tabindex])")) sample.tabIndex = 0;
}

const place = document.getElementById("swagger-ui");
new MutationObserver(addRoles).observe(place, { childList: true, subtree: true });
onThemeChange(follow);
follow();
