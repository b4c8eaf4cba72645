/** What was not committed: fetched when it is opened, since it may be as large as all else on the page. */

import { fragment } from "../http.js";

export function openDiff(root) {
  const details = root.querySelector("[data-diff]");
  details?.addEventListener("toggle", () => {
    if (details.open && !details.querySelector(".diff")) load(details);
  });
}

async function load(details) {
  const shown = details.querySelector("summary + *");
  try {
    // The server's own markup, with every line of the diff escaped.
    shown.outerHTML = await fragment(details.dataset.diff);
  } catch (error) {
    shown.textContent = `${error.message} Close and open the diff to try again.`;
  }
}
