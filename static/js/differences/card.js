/** The card "What changed" of a run, fetched after the page: it compares files of both runs. */

import { fragment } from "../http.js";

const REFRESH_PAUSE = 10_000;

/** Fill `holder`, which shared pages lack; returns a function that takes in new values of the run after a while. */
export function loadCard(holder) {
  if (!holder) return () => {};
  let address = holder.dataset.changed;
  let timer = 0;
  holder.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-against]");
    if (!choice) return;
    address = `${holder.dataset.changed}?against=${encodeURIComponent(choice.dataset.against)}`;
    loadFragment(holder, address);
  });
  loadFragment(holder, address);

  function refresh() {
    timer = 0;
    // What a user points at, or has opened, stands still.
    if (holder.matches(":hover, :focus-within") || holder.querySelector("details[open]")) return;
    // A screen reader has heard what changed; the values alone are no news.
    holder.ariaLive = "off";
    loadFragment(holder, address);
  }

  return () => (timer ||= setTimeout(refresh, REFRESH_PAUSE));
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
