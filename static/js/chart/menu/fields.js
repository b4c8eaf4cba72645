/** Fields of a form. */

import { make } from "../../dom.js";

/** Return a select of [value, text] pairs; a pair with a list as its value is a group of options. */
export function choice(name, pairs) {
  const options = pairs.map(([value, label]) =>
    Array.isArray(value) ? make("optgroup", { label }, ...value.map((text) => make("option", { value: text, textContent: text }))) : make("option", { value, textContent: label }),
  );
  return make("select", { name }, ...options);
}

/** Return a row of fields under one heading. */
export function row(legend, ...children) {
  return make("fieldset", {}, make("legend", { textContent: legend }), ...children);
}
