/** Move cells with the arrow keys: Enter on a grip begins and ends, Escape cancels. */

import { gettext } from "../../i18n.js";
import { titleOf } from "../cells.js";

const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/**
 * Let grips inside `root` be used by keys. `hooks`: sections() as they are shown, moved(name, key, before, isPreview),
 * cancelled(), element(name), say(text).
 */
export function wireKeyboard(root, hooks) {
  let moving = null;

  function begin(name) {
    moving = { name, target: null };
    hooks.element(name).classList.add("dragged");
    hooks.say(gettext("Moving {name}. Arrow keys move it, Enter drops it, Escape cancels.", { name: labelOf(name) }));
  }

  function step(by) {
    const sections = hooks.sections().filter(({ kind, folded }) => kind !== "hidden" && !folded);
    const from = sections.findIndex(({ cells }) => cells.some((cell) => cell.name === moving.name));
    const names = sections[from].cells.map((cell) => cell.name);
    const place = names.indexOf(moving.name) + by;
    if (place >= 0 && place < names.length) return put(sections[from], by > 0 ? names[place + 1] : names[place]);
    const next = sections[from + by];
    return next ? put(next, by > 0 ? next.cells[0]?.name : undefined) : hooks.say(gettext("This is the end."));
  }

  function put(section, before = null) {
    moving.target = [section.key, before];
    hooks.moved(moving.name, section.key, before, true);
    const now = hooks.sections().find(({ key }) => key === section.key);
    const element = hooks.element(moving.name);
    element.classList.add("dragged");
    element.querySelector(".grip").focus();
    element.scrollIntoView({ block: "nearest" });
    const place = now.cells.findIndex((cell) => cell.name === moving.name) + 1;
    hooks.say(gettext("{name}: place {place} of {count} in {section}.", { name: labelOf(moving.name), place, count: now.cells.length, section: titleOf(now) }));
  }

  function end(isDrop) {
    const { name, target } = moving;
    moving = null;
    if (!isDrop) hooks.cancelled();
    else if (target) hooks.moved(name, ...target, false);
    const element = hooks.element(name);
    element.classList.remove("dragged");
    element.querySelector(".grip").focus();
    hooks.say(isDrop ? gettext("Dropped.") : gettext("Move cancelled."));
  }

  root.addEventListener("keydown", (event) => {
    if (!event.target.classList.contains("grip")) return;
    const { key } = event;
    if (!moving && key !== "Enter" && key !== " ") return;
    if (moving && !(key in STEPS) && !["Enter", " ", "Escape"].includes(key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!moving) begin(event.target.closest("[data-cell]").dataset.cell);
    else if (key in STEPS) step(STEPS[key]);
    else end(key !== "Escape");
  });
  root.addEventListener("focusout", ({ relatedTarget }) => {
    // Moving an element takes its focus away for a moment; a reader who goes elsewhere ends the move.
    if (moving && relatedTarget && !relatedTarget.classList.contains("grip")) end(true);
  });
}

/** Call `undo` at Ctrl-Z; it returns whether there was anything. */
export function wireUndo(undo) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.target.closest("input, textarea, select, dialog")) return;
    if (undo()) event.preventDefault();
  });
}

/** The name of a cell in words. */
function labelOf(name) {
  return name.startsWith("text:") ? gettext("text") : name;
}
