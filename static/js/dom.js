/** Elements of the pages: make them, label them with an icon, put them in order and beside others. */

const ICONS = document.querySelector('meta[name="icons"]').content;

const loaded = {};

/** Make an element with properties, attributes (names with "-" or "role") and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Whether the page is read by a shared link, or by a user who may only read: nothing can be changed. */
export const isShared = "shared" in document.body.dataset || "readonly" in document.body.dataset;

/** Make a small button with an icon and a label for screen readers. */
export function iconButton(icon, label, properties = {}) {
  const button = make("button", { type: "button", className: "button quiet small", title: label, "aria-label": label, ...properties });
  button.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${ICONS}#${icon}"/></svg>`;
  return button;
}

/** Return the exports of a module that few visits need: it is loaded with its imports on first use. */
export function lazy(name) {
  const address = ICONS.replace("img/icons.svg", `js/+${name}.js`);
  loaded[name] ??= import(address).then(({ default: modules }) => modules[`js/${name}.js`]);
  loaded[name].catch(() => delete loaded[name]);
  return loaded[name];
}

/** Make `children` those of `parent`; those in place already are not moved. */
export function placeChildren(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
}

const [EDGE, GAP] = [8, 4];

/** Return {left, top}, as styles, of an element below or above a rectangle, inside the window; `end` aligns the right edges. */
export function besides({ offsetWidth: width, offsetHeight: height }, anchor, end = false) {
  const inside = (at, size, extent) => Math.max(EDGE, Math.min(at, extent - size - EDGE));
  const below = anchor.bottom + GAP;
  const top = below + height + EDGE <= innerHeight ? below : inside(anchor.top - height - GAP, height, innerHeight);
  return { left: `${inside(end ? anchor.right - width : anchor.left, width, innerWidth)}px`, top: `${top}px` };
}
