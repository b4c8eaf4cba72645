/** A menu of actions beside a button, above everything else on the page. */

import { make, showPopover } from "../../dom.js";

/**
 * Open a menu at a button. `entries`: [{label, action, checked?, disabled?}, null for a line, …]; `end` aligns the right
 * edges of both.
 */
export function openMenu(button, entries, end = true) {
  const menu = make("div", { className: "board-menu", role: "menu", popover: "auto", "aria-label": button.ariaLabel });
  for (const entry of entries) menu.append(entry ? item(menu, entry) : make("hr", { role: "separator" }));
  (button.closest("main") ?? document.body).append(menu);
  menu.addEventListener("keydown", (event) => steer(event, menu, button));
  showPopover(menu, button, end, () => (button.ariaExpanded = false));
  button.ariaExpanded = true;
  menu.querySelector("button:not(:disabled)").focus();
}

function item(menu, { label, action, checked, disabled = false }) {
  const kind = checked === undefined ? { role: "menuitem" } : { role: "menuitemradio", "aria-checked": String(checked) };
  const made = make("button", { type: "button", tabIndex: -1, disabled, ...kind }, make("bdi", { textContent: label }));
  made.addEventListener("click", () => {
    menu.hidePopover();
    action();
  });
  return made;
}

function steer(event, menu, button) {
  const items = [...menu.querySelectorAll("button:not(:disabled)")];
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") {
    menu.hidePopover();
    button.focus();
  } else if (next !== undefined) items[next].focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
