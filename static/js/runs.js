/** The runs table: rows that move by themselves, selection, keys. Filters, sorting and paging are links and forms. */

import { fragment, poll } from "./poll.js";
import { merge } from "./runs/merge.js";
import { selection } from "./runs/select.js";

const RUNNING = 2000;
const QUIET = 8000;

// htmx replaces it as a whole: it is looked up each time.
const holder = () => document.getElementById("runs");
const mark = {};
const picks = selection();
let asked = "";

/** Ask for the fragment of the present address and take over the rows that differ. */
async function refresh() {
  const address = location.pathname + location.search;
  if (address !== asked) mark.tag = undefined;
  asked = address;
  const text = await fragment(address, mark);
  if (text === null || address !== location.pathname + location.search) return;
  merge(holder(), text);
  picks.show();
}

function interval() {
  return holder().querySelector("[data-busy]") ? RUNNING : QUIET;
}

function say(sentence) {
  const notice = document.getElementById("stale");
  notice.hidden = !sentence;
  notice.querySelector("span").textContent = sentence;
}

/** The menu of columns stays open while boxes in it are ticked. */
let menuWasOpen = false;
document.body.addEventListener("htmx:beforeSwap", () => {
  menuWasOpen = Boolean(holder().querySelector("details.menu[open]"));
});

/** The crumbs and the title tell the project, and they are outside of what htmx replaces. */
document.body.addEventListener("htmx:afterSettle", () => {
  picks.show();
  const menu = holder().querySelector("details.menu");
  if (menu && menuWasOpen) menu.open = true;
  document.title = holder().dataset.title;
  const project = new URLSearchParams(location.search).get("project") ?? "";
  const crumb = document.getElementById("crumb");
  crumb.hidden = !project;
  crumb.textContent = project;
});

/** A refusal is told in the words of the page that came with it, never by a table as if nothing had happened. */
document.body.addEventListener("htmx:responseError", ({ detail }) => {
  const page = new DOMParser().parseFromString(detail.xhr.responseText, "text/html");
  say(page.querySelector("main .sentence")?.textContent ?? `The viewer answered ${detail.xhr.status}.`);
});
document.body.addEventListener("htmx:sendError", () => say("The viewer does not answer. Is it still running?"));

/** j and k move, x selects, Enter opens: the link that has the focus does that by itself. */
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const rows = [...holder().querySelectorAll("tbody tr[id]")];
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const goal = { j: here + 1, k: Math.max(here - 1, 0) }[event.key];
  if (goal !== undefined) rows[goal]?.querySelector("a.name").focus();
  else if (event.key === "x" && here >= 0) rows[here].querySelector("input.pick").click();
  else return;
  event.preventDefault();
});

poll(refresh, interval, (error) => {
  say(error ? "Not up to date: the viewer does not answer. Trying again." : "");
});
