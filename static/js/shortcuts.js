/** Keys of every page: `?` for help, `[` and `]` for the previous and next run of the list. */

import { isShortcut } from "./dom.js";
import { requestJson, siteAddress } from "./http.js";
import { keep, kept } from "./shared/kept.js";

const LIST = ["runicorn.list-query", "sessionStorage"];
const help = document.getElementById("help");

/** Remember the list that is left, so that a run knows its neighbours there. */
addEventListener("pagehide", () => {
  const [name, storage] = LIST;
  if (document.getElementById("runs")) keep(name, location.search, storage);
});

async function goTo(way) {
  const run = encodeURIComponent(document.body.dataset.run);
  const answer = await requestJson(siteAddress(`/runs/${run}/neighbours${kept(...LIST) ?? ""}`)).catch(() => ({}));
  if (answer[way]) location.assign(answer[way] + location.search);
}

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event)) return;
  const way = { "[": "previous", "]": "next" }[event.key];
  if (event.key === "?") help?.showModal();
  else if (way && help && document.body.dataset.run) goTo(way);
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) help.showModal();
  const button = event.target.closest("[data-neighbour]");
  if (button) goTo(button.dataset.neighbour);
});
