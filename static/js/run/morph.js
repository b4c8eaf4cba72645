/** Making a part of the page like a fresh one while every element that is the same stays where it is. */

/** What a person has changed, or a script keeps up to date. */
const OURS = new Set(["open", "title", "data-done"]);

/** Change `old` into `made`, an element of the same name; an element whose child list differs is replaced. */
export function morph(old, made) {
  if (old.isEqualNode(made)) return;
  attributes(old, made);
  const [before, after] = [[...old.childNodes], [...made.childNodes]];
  const alike = before.length === after.length && before.every((node, at) => same(node, after[at]));
  if (!alike) return old.replaceChildren(...after);
  before.forEach((node, at) => {
    if (node.nodeType === Node.ELEMENT_NODE) morph(node, after[at]);
    else if (node.data !== after[at].data) node.data = after[at].data;
  });
}

function same(node, other) {
  return node.nodeName === other.nodeName && node.id === other.id;
}

function attributes(old, made) {
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name) && !OURS.has(name)) old.removeAttribute(name);
  for (const { name, value } of made.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}
