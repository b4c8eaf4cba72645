/** The menu of columns: a search over all keys, boxes to tick, and an order that is dragged. */

import { request } from "../http.js";
import { reorder } from "./reorder.js";
import { swapAround } from "./swap.js";

const PAUSE = 150;

const menu = () => document.getElementById("columns");
const list = () => menu().querySelector(".shown");
const lines = () => [...list().querySelectorAll("li[data-key]")];
const chosen = () => lines().filter((line) => line.querySelector("input").checked).map((line) => line.dataset.key);

let timer = 0;
let asked = "";
/** Whether columns were chosen since the table was requested last. */
let ahead = false;

/** Load the columns that can be added and whose names match the search. */
async function load() {
  const offers = document.getElementById("offers");
  const project = new URLSearchParams(location.search).get("project") ?? "";
  const find = document.getElementById("column-search").value.trim();
  asked = `${offers.dataset.address}?${new URLSearchParams({ find, project })}`;
  const address = asked;
  try {
    const text = await (await request(address)).text();
    if (address === asked) refill(document.getElementById("offers"), text);
  } catch (error) {
    offers.textContent = error.message;
  }
  tick();
}

/** Replace the columns that can be added around the box that has the focus: a key may be down on it. */
function refill(offers, text) {
  const fresh = offers.cloneNode();
  fresh.innerHTML = text;
  const box = offers.contains(document.activeElement) && `[value="${CSS.escape(document.activeElement.value)}"]`;
  if (box && fresh.querySelector(box)) swapAround(offers, fresh, box);
  else offers.replaceChildren(...fresh.childNodes);
}

/** Tick the boxes of the columns that are visible. */
function tick() {
  const keys = new Set(chosen());
  for (const box of menu().querySelectorAll("#offers input")) box.checked = keys.has(box.value);
}

/** Add or remove the column of a box before the form with them is sent. */
function choose(box) {
  const line = lines().find(({ dataset }) => dataset.key === box.value);
  if (line) line.querySelector("input").checked = box.checked;
  else list().insertBefore(newLine(box), lines().find(({ dataset }) => dataset.key === "step") ?? null);
}

function newLine(box) {
  const line = lines()[0].cloneNode(true);
  line.dataset.key = box.value;
  const input = line.querySelector("input");
  Object.assign(input, { value: box.value, checked: true });
  input.removeAttribute("data-always");
  line.querySelector("label").title = box.dataset.label;
  line.querySelector("label").lastChild.textContent = box.dataset.label;
  return line;
}

/**
 * Take over the columns of the server where they differ from those that are ticked; what has the focus stays. A response
 * that is older than the last choice changes nothing: htmx requests the table once more.
 */
function sync(fresh) {
  if (ahead) return;
  const keys = [...fresh.querySelectorAll("li")].map((line) => line.dataset.key);
  if (keys.join("\n") !== chosen().join("\n") || !list().contains(document.activeElement)) list().replaceWith(fresh);
  tick();
}

function search(event) {
  clearTimeout(timer);
  if (event.key === "Enter") {
    event.preventDefault();
    document.querySelector("#offers input:not(:checked)")?.click();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    document.querySelector("#offers input")?.focus();
  } else timer = setTimeout(load, PAUSE);
}

/** Wire the menu; `apply()` requests the table with the columns of the menu. */
export function picker(apply) {
  reorder(() => menu() && list(), apply);
  document.addEventListener("toggle", ({ target }) => {
    if (target.id !== "columns" || !target.open) return;
    document.getElementById("column-search").focus();
    if (!document.querySelector("#offers > *")) load();
  }, true);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#add-column")) return;
    event.stopPropagation(); // a click outside of a menu closes it
    menu().open = true;
  }, true);
  document.body.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.id === "filters") ahead = false;
  });
  // Before the form is sent: it has only the boxes of the list.
  document.addEventListener("change", (event) => {
    if (event.target.matches("#filters, #columns [name=col], #offers input")) ahead = true;
    if (event.target.matches("#offers input")) choose(event.target);
    else if (event.target.id === "column-search") event.stopPropagation();
    else if (event.target.matches("#columns [name=col]")) tick();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.target.id === "column-search" && event.key !== "Tab" && event.key !== "Escape") search(event);
  });
  document.addEventListener("search", (event) => event.target.id === "column-search" && load());
  document.addEventListener("columns", (event) => sync(event.detail));
}
