/** Tooltips: the `title` of what the pointer rests on or the keyboard focuses, in the design of the pages. */

import { besides, make } from "../dom.js";

const PAUSE = 400;
const bubble = make("div", { className: "tooltip", popover: "manual", "aria-hidden": "true" });
let [owner, timer] = [null, 0];

/** Show the title of an element. Its attribute is away meanwhile, so that the browser does not show it, too. */
function show(element) {
  const text = element.title;
  if (!text || !element.isConnected || element.matches("details[open] > summary")) return;
  owner = { element, text };
  element.removeAttribute("title");
  bubble.textContent = text;
  document.body.append(bubble);
  bubble.showPopover();
  Object.assign(bubble.style, besides(bubble, element));
}

function hide() {
  clearTimeout(timer);
  if (!owner) return;
  bubble.remove();
  if (!owner.element.title) owner.element.title = owner.text;
  owner = null;
}

function plan(target) {
  const element = target.closest?.("[title]");
  if (owner && (target === owner.element || owner.element.contains(target))) return;
  hide();
  if (element) timer = setTimeout(show, PAUSE, element);
}

document.addEventListener("pointerover", ({ target, pointerType }) => pointerType === "mouse" && plan(target));
document.addEventListener("focusin", ({ target }) => target.matches(":focus-visible:not(input, textarea, select)") && plan(target));
for (const event of ["focusout", "pointerdown", "keydown", "scroll"]) document.addEventListener(event, hide, { capture: true, passive: true });
document.documentElement.addEventListener("pointerleave", hide);
