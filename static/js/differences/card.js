/** The card "What changed" of a run, fetched after the page: it compares files of both runs. */

import { fragment } from "../http.js";

export function loadCard(holder) {
  if (!holder) return;
  const address = holder.dataset.changed;
  holder.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-against]");
    if (choice) loadFragment(holder, `${address}?against=${encodeURIComponent(choice.dataset.against)}`);
  });
  loadFragment(holder, address);
}

/** Put the fragment at an address into an element. */
export async function loadFragment(holder, address) {
  try {
    // The server's own markup, with every value escaped.
    holder.innerHTML = await fragment(address);
  } catch {
    // The link that the page came with stays.
  }
}
