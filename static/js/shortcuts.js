/** Keys of every page: `?` for help, `[` and `]` for the previous and next run of the list. */

import { requestJson, siteAddress } from "./http.js";

const LIST = "runicorn.list-query";
const help = document.getElementById("help");

function isTyping(target) {
  return target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");
}

/** Remember the list that is left, so that a run knows its neighbours there. */
addEventListener("pagehide", () => {
  if (!document.getElementById("runs")) return;
  try {
    sessionStorage.setItem(LIST, location.search);
  } catch {
    // Without storage the neighbours are those of the whole list.
  }
});

function listQuery() {
  try {
    return sessionStorage.getItem(LIST) ?? "";
  } catch {
    return "";
  }
}

async function goTo(way) {
  const { run } = document.body.dataset;
  const answer = await requestJson(siteAddress(`/runs/${encodeURIComponent(run)}/neighbours${listQuery()}`)).catch(() => ({}));
  const query = new URLSearchParams(location.search).toString();
  if (answer[way]) location.assign(query ? `${answer[way]}?${query}` : answer[way]);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
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
