/** Suggestions below a text field: the options of its `<datalist>`, in the design of the pages. */

import { besides, make } from "../dom.js";

const MOST = 50;
const list = make("ul", { className: "found suggestions", id: "suggestions", role: "listbox", popover: "manual" });
let [field, active] = [null, -1];

const options = () => [...list.children];

/** Show what contains the text of the field; a field that shows it already has no need of it. */
function show() {
  const text = field.value.trim().toLowerCase();
  const values = [...(document.getElementById(field.dataset.list)?.options ?? [])].map(({ value }) => value);
  const matches = values.filter((value) => value.toLowerCase().includes(text) && value.toLowerCase() !== text).slice(0, MOST);
  if (!matches.length) return hide();
  list.replaceChildren(...matches.map((value, at) => make("li", { id: `suggestion-${at}`, role: "option", textContent: value })));
  (field.closest("dialog") ?? document.body).append(list);
  list.style.minWidth = `${field.offsetWidth}px`;
  list.showPopover();
  Object.assign(list.style, besides(list, field));
  field.ariaExpanded = true;
  mark(-1);
}

function hide() {
  list.remove();
  if (!field) return;
  field.ariaExpanded = false;
  mark(-1);
}

function mark(at) {
  active = at;
  options().forEach((option, i) => (option.ariaSelected = i === at));
  options()[at]?.scrollIntoView({ block: "nearest" });
  if (at < 0) field.removeAttribute("aria-activedescendant");
  else field.setAttribute("aria-activedescendant", options()[at].id);
}

function choose(option) {
  field.value = option.textContent;
  hide();
  for (const event of ["input", "change"]) field.dispatchEvent(new Event(event, { bubbles: true }));
  hide();
}

function key(event) {
  if (event.target !== field || event.isComposing) return;
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by && !list.isConnected) show();
  else if (by) mark((active + by + options().length + 1) % (options().length + 1) || (by > 0 ? 0 : options().length - 1));
  else if (event.key === "Enter" && list.isConnected && active >= 0) choose(options()[active]);
  else if (event.key === "Escape" && list.isConnected) hide();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

document.addEventListener("focusin", ({ target }) => {
  if (!target.matches?.("input:is([list], [data-list])")) return;
  if (target.hasAttribute("list")) {
    target.dataset.list = target.getAttribute("list");
    target.removeAttribute("list");
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" })) target.setAttribute(name, value);
  }
  field = target;
});
document.addEventListener("focusout", ({ target }) => {
  if (target !== field) return;
  hide();
  field = null;
});
document.addEventListener("input", ({ target, isTrusted }) => isTrusted && target === field && show());
document.addEventListener("click", ({ target }) => target === field && !list.isConnected && show());
document.addEventListener("keydown", key, { capture: true });
list.addEventListener("pointerdown", (event) => {
  event.preventDefault(); // the field keeps the focus
  const option = event.target.closest("[role=option]");
  if (option) choose(option);
});
