/** Run ids of the table: shown shortened, copied in full by a click. */

import { copyText } from "../shared/clipboard.js";

/** Wire the ids. */
export function copyIds() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-text]");
    if (button) copyText(button.dataset.copyText, button, button);
  });
}
