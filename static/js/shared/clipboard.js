/** Copying texts. */

import { gettext } from "../i18n.js";

const SHOWN = 1500;

/** Copy a text and say so at the button, or else select it in `source`. */
export async function copyText(text, source, button) {
  // Browsers give the clipboard only to pages on loopback or behind TLS, and users may deny it.
  const written = navigator.clipboard?.writeText(text) ?? Promise.reject();
  if (await written.then(() => true, () => isCopied(text))) {
    button.dataset.done = gettext("Copied");
    setTimeout(() => delete button.dataset.done, SHOWN);
    return;
  }
  source.hidden = false;
  if (source.select) source.select();
  else getSelection().selectAllChildren(source);
}

// Deprecated, but works on every page. Within an open dialog: outside of it nothing has the focus.
function isCopied(text) {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "for-readers";
  field.value = text;
  (before.closest("dialog") ?? document.body).append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  before.focus();
  return isDone;
}
