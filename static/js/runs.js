/** The runs table: live rows, selection, keyboard. Filters, sorting and paging are links and forms. */

import { showChangesOnHover } from "./differences/hover.js";
import { isShared, lazy } from "./dom.js";
import { editRun } from "./edit.js";
import { UNREACHABLE, errorText, fragment } from "./http.js";
import { gettext } from "./i18n.js";
import { LINK_GONE, isLinkGone, poll } from "./poll.js";
import { baseline } from "./runs/baseline.js";
import { columns } from "./runs/columns.js";
import { copyIds } from "./runs/copy.js";
import { groups } from "./runs/groups.js";
import { keys } from "./runs/keys.js";
import { links } from "./runs/links.js";
import { merge } from "./runs/merge.js";
import { returnToPlace } from "./runs/place.js";
import { selection } from "./runs/select.js";
import { sortBySeveral } from "./runs/sort.js";
import { defineSwap } from "./runs/swap.js";
import { actions } from "./runs/actions.js";
import { where } from "./runs/where.js";

/** Milliseconds between looks for newer rows, which cost the server little where nothing changed (304). */
const PAUSE = 2000;

// htmx replaces it as a whole: it is looked up each time.
const holder = () => document.getElementById("runs");
const mark = {};
const picks = selection();
if (!("shared" in document.body.dataset)) showChangesOnHover(document.body);
let asked = "";

/** Tell the charts that the rows on the page are newer. */
const announceRows = () => document.dispatchEvent(new Event("rows"));

/** Ask for the fragment of the present address and take over the rows that differ. */
async function refresh() {
  const address = location.pathname + location.search;
  if (address !== asked) mark.tag = undefined;
  asked = address;
  const text = await fragment(address, mark);
  if (address !== location.pathname + location.search) {
    await refresh();
    return;
  }
  if (text === null) return;
  merge(holder(), text);
  picks.show();
  announceRows();
}

function say(sentence) {
  const notice = document.getElementById("stale");
  notice.hidden = !sentence;
  notice.querySelector("span").textContent = sentence;
}

/** A menu stays open while boxes in it are ticked. */
let menusOpen = [];
document.body.addEventListener("htmx:beforeSwap", () => {
  menusOpen = [...holder().querySelectorAll("details.menu[open]:not(#filter-menu, #grouping)")].map((menu) => menu.id);
});

/** The crumbs and the title tell what the list is limited to, and they are outside of what htmx replaces. */
document.body.addEventListener("htmx:afterSettle", () => {
  picks.show();
  for (const id of menusOpen) document.getElementById(id)?.setAttribute("open", "");
  document.title = holder().dataset.title;
  const { subject } = holder().dataset;
  const crumb = document.getElementById("crumb");
  crumb.hidden = !subject;
  crumb.textContent = subject;
  announceRows();
});

/** An error shows the message of the server and leaves the table as it is. */
document.body.addEventListener("htmx:responseError", ({ detail }) => {
  say(errorText(detail.xhr.responseText, detail.xhr.status));
});
document.body.addEventListener("htmx:sendError", () => say(UNREACHABLE));

/** Tags and note of a row; the focus goes back to its name. */
async function edit(row) {
  const { id } = row;
  const run = row.querySelector("input.pick")?.value;
  if (!run) return;
  try {
    if (await editRun(run, row.querySelector(".c-name"))) await refresh();
  } catch (error) {
    say(error.message);
  }
  document.getElementById(id)?.querySelector("a.name").focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-edit]");
  if (button) edit(button.closest("tr"));
});

defineSwap();
sortBySeveral();
where();
keys(isShared ? () => {} : edit);
columns();
links(picks);
copyIds();
actions(picks, refresh);
groups(picks, refresh, say);
baseline(picks, refresh, say);
returnToPlace(picks);

/** Offer the tour once the demo has ended, also on a page that is open. */
function offerTour() {
  if (!holder().querySelector("[data-tour]")) return;
  document.removeEventListener("rows", offerTour);
  lazy("runs/tour").then(({ tour }) => tour());
}
document.addEventListener("rows", offerTour);
offerTour();

function failureText(error) {
  if (isLinkGone(error)) return LINK_GONE;
  return `${gettext("Out of date. Retrying…")} ${error.message}`;
}

const now = poll(refresh, () => PAUSE, (error) => say(error ? failureText(error) : ""));
document.addEventListener("refresh-runs", now);
