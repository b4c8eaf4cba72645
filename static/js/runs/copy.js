/** Run ids of the table: shown shortened, copied in full by a click. */

import { gettext } from "../i18n.js";

async function copy(button) {
  const id = button.dataset.copyText;
  // Browsers give the clipboard only to pages on loopback or behind TLS: elsewhere the id is selected.
  if (!navigator.clipboard) {
    button.textContent = id;
    getSelection().selectAllChildren(button);
    return;
  }
  await navigator.clipboard.writeText(id);
  const short = button.textContent;
  button.textContent = gettext("Copied");
  setTimeout(() => (button.textContent = short), 1200);
}

/** Wire the ids. */
export function copyIds() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-text]");
    if (button) copy(button);
  });
}
