/** Columns: moved by dragging, by buttons and by keys, and remembered for the next time. */

import { formBody, send, siteAddress } from "../http.js";
import { withParameters } from "../shared/query.js";
import { dragHeads } from "./head_drag.js";
import { picker } from "./picker.js";
import { equipWidths, heads, table, widthKeys } from "./widths.js";

const form = () => document.getElementById("filters");

let changed = false;
let focus = "";

/** Request the table with the columns of the menu. */
function apply() {
  changed = true;
  form().dispatchEvent(new Event("change", { bubbles: true }));
}

/** Put the column before another one, or at the end. */
function move(key, before) {
  const lines = [...document.querySelectorAll("#columns li[data-key]")];
  const find = (wanted) => lines.find((line) => line.dataset.key === wanted);
  if (!find(key) || key === before) return;
  find(key).parentElement.insertBefore(find(key), before ? find(before) : null);
  apply();
}

function shift(key, by) {
  const keys = heads().map((head) => head.dataset.key);
  const at = keys.indexOf(key);
  const goal = at + by;
  if (goal >= 0 && goal < keys.length) move(key, by < 0 ? keys[goal] : (keys[goal + 1] ?? ""));
}

/** Store the columns of the project; none for the usual ones. */
function remember(keys) {
  const project = new URLSearchParams(location.search).get("project") ?? "";
  const body = formBody([["project", project], ...keys.map((key) => ["col", key])]);
  // Kept alive: who goes to another page at once has chosen all the same.
  return send(siteAddress("/runs-columns"), { ...body, keepalive: true });
}

function rememberChange() {
  if (changed && table()) remember([...document.querySelectorAll("#columns [name=col]:checked")].map(({ value }) => value));
  changed = false;
}

async function forget() {
  await Promise.all([remember([]), send(siteAddress("/api/config/column-widths?table=runs"), { method: "DELETE", keepalive: true })]);
  location.assign(siteAddress(`/${withParameters(location.search, { col: "", add: "" })}`));
}

function equip() {
  for (const head of heads()) head.draggable = true;
  equipWidths();
  if (focus) document.querySelector(`th[data-key="${CSS.escape(focus)}"] a`)?.focus();
  focus = "";
}

function keys(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const head = event.target.closest("table.runs th[data-key]");
  if (!by || !head) return;
  if (event.target.matches(".handle")) widthKeys(event.target, by);
  else if (event.shiftKey) {
    focus = head.dataset.key;
    shift(head.dataset.key, by);
  } else return;
  event.preventDefault();
}

/** Wire everything about columns. */
export function columns() {
  dragHeads(move);
  picker(apply);
  equip();
  document.addEventListener("keydown", keys);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#columns [data-move]");
    if (button) shift(button.closest("li").dataset.key, Number(button.dataset.move));
    if (event.target.id === "usual-columns") forget();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("#columns [name=col], #offers input")) changed = true;
  });
  document.addEventListener("rows", equip);
  document.body.addEventListener("htmx:afterSettle", () => {
    equip();
    rememberChange();
  });
  addEventListener("pagehide", rememberChange); // before the table with them had come
}
