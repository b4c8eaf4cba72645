/** A menu for the tabs that do not fit in their line. */

import { make } from "../dom.js";

/** Wire `menu` (a `details`) to the tabs in `list`, which scrolls sideways. */
export function overflowMenu(list, menu) {
  const sheet = menu.querySelector(".sheet");
  const clipped = (tab) => tab.offsetLeft < list.scrollLeft || tab.offsetLeft + tab.offsetWidth > list.scrollLeft + list.clientWidth;

  function fill() {
    const tabs = [...list.querySelectorAll("[role=tab]")].filter((tab) => tab.offsetParent && clipped(tab));
    sheet.replaceChildren(...tabs.map((tab) => {
      const button = make("button", { type: "button" }, ...[...tab.childNodes].map((node) => node.cloneNode(true)));
      button.addEventListener("click", () => {
        menu.open = false;
        tab.click();
        tab.focus();
      });
      return button;
    }));
  }

  /** Hide tabs that are cut: the menu has them. */
  function cut() {
    for (const tab of list.querySelectorAll("[role=tab]")) tab.classList.toggle("cut-off", Boolean(tab.offsetParent) && !menu.classList.contains("unneeded") && clipped(tab));
  }

  function fit() {
    menu.classList.toggle("unneeded", list.scrollWidth <= list.clientWidth + (menu.offsetWidth || 0));
    const selected = list.querySelector("[aria-selected=true]");
    // The menu makes the list narrower.
    if (selected && clipped(selected)) list.scrollLeft = selected.offsetLeft + selected.offsetWidth / 2 - list.clientWidth / 2;
    cut();
  }

  list.addEventListener("scroll", cut, { passive: true });

  menu.addEventListener("toggle", () => menu.open && fill());
  const observer = new ResizeObserver(fit);
  for (const part of [list, ...list.children]) observer.observe(part);
  fit();
}
