/** Uncommitted changes of a run, fetched when they are opened: they may be larger than the rest of the page. */

import { fragment } from "../http.js";
import { gettext } from "../i18n.js";

export function openDiff(root) {
  const details = root.querySelector("[data-diff]");
  details?.addEventListener("toggle", () => {
    if (details.open && !details.querySelector(".diff")) load(details);
  });
}

async function load(details) {
  const element = details.querySelector("summary + *");
  try {
    // The server's own markup, with every line of the diff escaped.
    element.outerHTML = await fragment(details.dataset.diff);
  } catch (error) {
    element.textContent = gettext("{reason} Close and reopen the diff to try again.", { reason: error.message });
  }
}
