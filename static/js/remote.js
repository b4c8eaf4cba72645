/** Pages of remote hosts: refresh the part marked `data-fresh="<milliseconds>"`; 0 means once. */

import { fragment } from "./http.js";
import { poll } from "./poll.js";
import { morph } from "./run/morph.js";

const SLOW = 2000;
const part = () => document.querySelector("[data-fresh]");

function notice(text) {
  const holder = document.createElement("p");
  holder.className = "notice failed";
  holder.id = "stale";
  holder.setAttribute("role", "alert");
  holder.textContent = text;
  return holder;
}

/** Make the part like a fresh one; who stands on one of its controls stays there. */
function replace(text) {
  const made = new DOMParser().parseFromString(text, "text/html").body.firstElementChild;
  const focused = document.activeElement?.id;
  morph(part(), made);
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
}

function failed(error) {
  document.getElementById("stale")?.remove();
  if (error) part()?.before(notice(`Out of date, trying again. ${error.message}`));
}

const ask = async () => replace(await fragment(location.pathname + location.search));
const first = part();
if (first?.dataset.fresh === "0") {
  ask().catch((error) => first.replaceChildren(notice(error.message)));
} else if (first) {
  poll(ask, () => Number(part()?.dataset.fresh ?? SLOW), failed);
}
