/** What the templates of Django's admin site have no place for. */

// The chosen theme is on the body, other pages have it on the root element.
for (const theme of ["light", "dark"]) {
  if (document.body.classList.replace(`look-${theme}`, "look")) document.documentElement.dataset.theme = theme;
}

// Tables that scroll sideways are scrolled by keys.
for (const table of document.querySelectorAll(".inline-group, .results")) table.tabIndex = 0;
