/** Elements of the pages: make them, label them with an icon, put them in order and beside others; keys and pointers. */

const ICONS = document.querySelector('meta[name="icons"]').content;
const ATTRIBUTES = new Set(["role", "list"]);
const loaded = {};

/** Make an element with properties, attributes (names with "-", "role" and "list") and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || ATTRIBUTES.has(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Make an SVG element with attributes, in `parent`. */
export function svg(name, attributes, parent, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  parent?.append(made);
  return made;
}

/** Whether the page is read by a shared link, or by a user who may only read: nothing can be changed. */
export const isShared = "shared" in document.body.dataset || "readonly" in document.body.dataset;

/** Whether the page is a file without a server. */
export const isSaved = "standalone" in document.documentElement.dataset;

/** Make a button with a text. */
export function textButton(textContent, action, properties = {}) {
  const button = make("button", { type: "button", className: "button", textContent, ...properties });
  button.addEventListener("click", action);
  return button;
}

/** Make an icon of the sprite; it is decorative, beside a text. */
export function icon(name) {
  return svg("use", { href: `${ICONS}#${name}` }, svg("svg", { class: "icon", "aria-hidden": "true" })).parentNode;
}

/** Make a small button with an icon and a label for screen readers. */
export function iconButton(name, label, properties = {}) {
  const button = make("button", { type: "button", className: "button quiet small", title: label, "aria-label": label, ...properties });
  button.append(icon(name));
  return button;
}

/** Put a name, given as [common, beginning, end] (chart/data/names.js), into an element: where it does not fit, the first of them are cut. */
export function cutName(element, parts) {
  const spans = ["common", "beginning", "end"].map((className, i) => [className, parts[i]]).filter(([, text]) => text);
  const isSame = [...element.childNodes].map(({ className, textContent }) => [className ?? "beginning", textContent]).join("\n") === spans.join("\n");
  if (isSame) return element;
  element.className = "cut";
  element.replaceChildren(...(spans.length > 1 ? spans.map(([className, textContent]) => make("span", { className, textContent })) : spans.map(([, text]) => text)));
  return element;
}

/** Change the text of an element that has nothing else, in its text node: a new one would make the browser look for the rules of its parents. */
export function setText(element, text) {
  const node = element.firstChild;
  if (!node) element.append(text);
  else if (node.data !== text) node.data = text;
}

/** Hide or show an element, if it is not so already: each attribute that is set costs the styles of its parents. */
export function setHidden(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

/** Make a label with a field below its text. */
export function field(text, input) {
  return make("label", {}, make("span", { className: "label", textContent: text }), input);
}

/** Return the exports of a module that few visits need: it is loaded with its imports on first use. A saved page has it. */
export function lazy(name) {
  const embedded = isSaved && globalThis.runicornModules[`js/${name}.js`];
  if (embedded) return Promise.resolve(embedded);
  const address = ICONS.replace("img/icons.svg", `js/+${name}.js`);
  loaded[name] ??= import(address).then(({ default: modules }) => modules[`js/${name}.js`]);
  loaded[name].catch(() => delete loaded[name]);
  return loaded[name];
}

/** Make `children` those of `parent`; those in place already are not moved. */
export function placeChildren(parent, children) {
  const next = new Set(children);
  for (const child of [...parent.children]) if (!next.has(child)) child.remove();
  children.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
}

const [EDGE, GAP] = [8, 4];

/** Return {left, top}, as styles, of an element below or above another one, inside the window; `end` aligns the right edges. */
export function besides({ offsetWidth: width, offsetHeight: height }, other, end = false) {
  const anchor = other.getBoundingClientRect();
  const inside = (at, size, extent) => Math.max(EDGE, Math.min(at, extent - size - EDGE));
  const below = anchor.bottom + GAP;
  const top = below + height + EDGE <= innerHeight ? below : inside(anchor.top - height - GAP, height, innerHeight);
  return { left: `${inside(end ? anchor.right - width : anchor.left, width, innerWidth)}px`, top: `${top}px` };
}

/** Show a popover beside an element, and remove it when it closes; then `closed()` is called. */
export function showPopover(popover, anchor, end, closed) {
  popover.addEventListener("toggle", ({ newState }) => {
    if (newState !== "closed") return;
    closed();
    popover.remove();
  });
  popover.showPopover();
  Object.assign(popover.style, besides(popover, anchor, end));
}

/** Whether a key is a shortcut of the page: pressed alone, neither in a field nor while a dialog is open. */
export function isShortcut({ ctrlKey, metaKey, altKey, target }) {
  const isTyping = target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");
  return !(ctrlKey || metaKey || altKey || isTyping || document.querySelector("dialog[open]"));
}

/** Follow a pointer that was pressed on an element: `moved(event)`, then `ended(isDropped)`; Escape and the browser cancel. */
export function followPointer(element, { pointerId }, moved, ended) {
  const ends = new AbortController();
  const options = { signal: ends.signal };
  const end = (isDropped) => {
    ends.abort();
    ended(isDropped);
  };
  element.setPointerCapture(pointerId);
  element.addEventListener("pointermove", moved, options);
  element.addEventListener("pointerup", () => end(true), options);
  element.addEventListener("pointercancel", () => end(false), options);
  addEventListener("keydown", ({ key }) => key === "Escape" && end(false), options);
}
