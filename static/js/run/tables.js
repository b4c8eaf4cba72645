/** A logged table: the server sorts and pages it, the links in it are followed in place. */

import { HttpError, fragment } from "../http.js";
import { showFailure } from "./steps.js";

/** Show the table of `item` in `body`; of another step with the same sort. */
export function drawTable(item, body) {
  const sort = new URL(body.querySelector("[data-here]")?.dataset.here ?? "", location.href).searchParams.get("sort");
  load(sort ? `${item.address}?${new URLSearchParams({ sort })}` : item.address, body);
  if (body.dataset.wired) return;
  body.dataset.wired = "yes";
  body.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]:not([download])");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    load(link.getAttribute("href"), body, link.closest("th") ? [...link.closest("tr").children].indexOf(link.closest("th")) : -1);
  });
}

/** Show name, size and beginning of the file of `item` in `body`. */
export function drawPreview(item, body) {
  load(item.address, body);
}

async function load(address, body, column = -1) {
  const turn = (body.dataset.turn = String(Number(body.dataset.turn ?? 0) + 1));
  const text = await fragment(address).catch((error) => error);
  if (turn !== body.dataset.turn) return;
  if (text instanceof HttpError) {
    return showFailure(body, text.message, () => load(address, body));
  }
  // The server's own markup, with every text of the run escaped.
  body.innerHTML = text;
  if (column >= 0) body.querySelectorAll("th a")[column]?.focus();
}
