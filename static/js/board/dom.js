/** Elements of the boards. */

const ICONS = document.querySelector('meta[name="icons"]').content;

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

/** Make a small button with an icon and a label for readers. */
export function iconButton(icon, label, properties = {}) {
  const button = make("button", { type: "button", className: "button quiet small", title: label, "aria-label": label, ...properties });
  button.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${ICONS}#${icon}"/></svg>`;
  return button;
}

/** Make `children` those of `parent`; those in place already are not moved. */
export function placeChildren(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
}
