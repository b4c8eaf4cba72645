/** Copying texts. */

import { gettext } from "../i18n.js";

const SHOWN = 1500;

/** Copy a text and say so at the button, or else select it in `source`. */
export async function copyText(text, source, button) {
  if (!(await isWritten(text)) && !isCopied(text)) {
    source.hidden = false;
    return source.select ? source.select() : getSelection().selectAllChildren(source);
  }
  button.dataset.done = gettext("Copied");
  setTimeout(() => delete button.dataset.done, SHOWN);
}

// Browsers give the clipboard only to pages on loopback or behind TLS, and not if the user denies it.
async function isWritten(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// Deprecated, but works on every page. Within an open dialog, since what is outside of it has no focus.
function isCopied(text) {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "for-readers";
  field.value = text;
  (before?.closest("dialog") ?? document.body).append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  before?.focus();
  return isDone;
}
