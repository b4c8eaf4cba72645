/** Texts in the language of the page. A module of `i18n/` fills the catalogue; without one, texts stay English. */

const catalogue = {};

export function install(texts) {
  Object.assign(catalogue, texts);
}

/** Return the translation of a text, with `{name}` replaced by `values.name`. */
export function gettext(text, values = {}) {
  return (catalogue[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Like `gettext`, with a text for one and a text for any other number; `{n}` is the number. */
export function ngettext(one, many, n, values = {}) {
  return gettext(one in catalogue || n === 1 ? one : many, { n, ...values });
}
