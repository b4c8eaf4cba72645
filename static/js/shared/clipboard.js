/** Copying texts. Browsers give the clipboard only to pages on loopback or behind TLS: elsewhere the text is selected. */

import { gettext } from "../i18n.js";

const SHOWN = 1500;

/** Copy a text and say so at the button, or select it in `source`. */
export async function copyText(text, source, button) {
  if (!navigator.clipboard) return source.select ? source.select() : getSelection().selectAllChildren(source);
  await navigator.clipboard.writeText(text);
  button.dataset.done = gettext("Copied");
  setTimeout(() => delete button.dataset.done, SHOWN);
}
