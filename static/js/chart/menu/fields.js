/** Fields of a form: labels with their inputs. */

import { make } from "../../dom.js";

/** Return a labelled input. */
export function field(label, input) {
  return make("label", {}, make("span", { textContent: label }), input);
}

/** Return a select of [value, text] pairs; a pair with a list as its value is a group of options. */
export function choice(name, pairs) {
  const options = pairs.map(([value, label]) =>
    Array.isArray(value) ? make("optgroup", { label }, ...value.map((one) => make("option", { value: one, textContent: one }))) : make("option", { value, textContent: label }),
  );
  return make("select", { name }, ...options);
}

export function button(textContent, action) {
  const made = make("button", { type: "button", className: "button", textContent });
  made.addEventListener("click", action);
  return made;
}

/** Return a row of fields under one heading. */
export function row(legend, ...children) {
  return make("fieldset", {}, make("legend", { textContent: legend }), ...children);
}
