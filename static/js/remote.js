/** The pages of other machines: parts marked `data-fresh="<milliseconds>"` are drawn anew by the server; 0 means once. */

import { fragment, poll } from "./poll.js";
import { morph } from "./run/morph.js";
import { sentenceIn } from "./sentence.js";

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
  if (error) part()?.before(notice("Not up to date: the viewer does not answer. Trying again."));
}

async function once(place) {
  const response = await fetch(location.href, { headers: { "HX-Request": "true" }, cache: "no-store" });
  const text = await response.text();
  if (response.ok) replace(text);
  else place.replaceChildren(notice(sentenceIn(text, response.status)));
}

const first = part();
if (first?.dataset.fresh === "0") {
  once(first).catch(() => first.replaceChildren(notice("The viewer does not answer. Is it still running?")));
} else if (first) {
  const ask = async () => replace(await fragment(location.pathname + location.search, {}));
  poll(ask, () => Number(part()?.dataset.fresh ?? SLOW), failed);
}
