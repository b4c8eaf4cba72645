/** Column widths: changed by dragging the edge of a heading or by keys, stored by the server. */

import { followPointer, make } from "../dom.js";
import { jsonBody, send, siteAddress } from "../http.js";
import { gettext } from "../i18n.js";

const NARROWEST = 48;
const USUAL = 112;
const ADD = 40;
const STEP = 16;
const PAUSE = 400;

let timer = 0;

export const table = () => document.querySelector("table.runs");
export const heads = () => [...document.querySelectorAll("table.runs th[data-key]")];

/** Every column with its width, so that one can change without the others. */
function fix() {
  const holder = table();
  const columns = holder.querySelector("colgroup");
  const widths = [...holder.querySelectorAll("thead th")].map((head) => head.offsetWidth);
  if (!columns.children.length) {
    for (const { className } of holder.querySelectorAll("thead th")) columns.append(make("col", { className }));
  }
  [...columns.children].forEach((column, i) => {
    const width = Number(column.getAttribute("width"));
    if (widths[i] || !width) column.width = widths[i] || USUAL;
  });
  columns.lastElementChild.removeAttribute("width");
  holder.classList.add("sized");
  return columns;
}

function resize(key, width) {
  const at = heads().findIndex((head) => head.dataset.key === key) + 1;
  fix().children[at].width = Math.max(NARROWEST, Math.round(width));
  fit();
  clearTimeout(timer);
  timer = setTimeout(saveWidths, PAUSE);
}

/** Let the table scroll sideways rather than shrink its columns. */
function fit() {
  const holder = table();
  if (!holder?.classList.contains("sized")) return;
  const widths = [...holder.querySelectorAll("col")].map((column) => Number(column.getAttribute("width")));
  holder.style.minWidth = `${widths.reduce((sum, width) => sum + width, ADD)}px`;
}

async function saveWidths() {
  clearTimeout(timer);
  timer = 0;
  const widths = {};
  heads().forEach((head, i) => {
    const width = Number(table().querySelector("colgroup").children[i + 1].getAttribute("width"));
    if (width) widths[head.dataset.key] = width;
  });
  const body = jsonBody("POST", { table: "runs", size: "any", widths, window_width: innerWidth });
  await send(siteAddress("/api/config/column-widths"), { ...body, keepalive: true });
}

addEventListener("pagehide", () => {
  if (timer && table()) saveWidths();
});

function drag(event) {
  const head = event.target.closest("th");
  const [start, width] = [event.clientX, head.offsetWidth];
  head.draggable = false;
  followPointer(event.target, event, ({ clientX }) => resize(head.dataset.key, width + clientX - start), () => (head.draggable = true));
  event.preventDefault();
}

/** An arrow key on a handle. */
export function widthKeys(handle, by) {
  const head = handle.closest("th");
  resize(head.dataset.key, head.offsetWidth + by * STEP);
  handle.ariaValueNow = head.offsetWidth;
}

/** A handle at the right edge of each heading. */
export function equipWidths() {
  for (const head of heads()) {
    if (head.querySelector(".handle")) continue;
    const label = gettext("Width of {name}", { name: head.firstElementChild.textContent.trim() });
    const value = { "aria-orientation": "vertical", "aria-valuenow": head.offsetWidth, "aria-label": label };
    const handle = make("span", { className: "handle", tabIndex: 0, role: "separator", ...value });
    handle.addEventListener("pointerdown", drag);
    head.append(handle);
  }
  fit();
}
