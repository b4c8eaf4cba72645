/** Merge a new fragment of the table; selection, focus, open menus and scroll position stay. */

/** Replace what differs in `text`: table rows by id, and the parts marked `data-part`. */
export function merge(holder, text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const table = holder.querySelector("tbody");
  const next = fresh.querySelector("tbody");
  // The first run of a store, or the last one gone: the page is another one then.
  if (Boolean(table) !== Boolean(next)) {
    replace(holder, fresh.getElementById(holder.id));
    return;
  }
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const old = holder.querySelector(`[data-part="${part.dataset.part}"]`);
    if (old && plain(old) !== plain(part) && !inUse(old)) replace(old, part);
  }
  const isOther = columnsOf(holder) !== columnsOf(fresh);
  if (isOther) {
    for (const name of ["colgroup", "thead"]) replace(holder.querySelector(name), fresh.querySelector(name));
  }
  const bodies = fresh.querySelectorAll("tbody");
  holder.querySelectorAll("tbody").forEach((body, i) => mergeRows(body, bodies[i], isOther));
}

function columnsOf(part) {
  return [...part.querySelectorAll("table.runs th[data-key]")].map((head) => head.dataset.key + head.textContent).join("\n");
}

/** Its HTML without the token of its forms, which is another one in every answer. */
function plain(part) {
  return part.outerHTML.replace(/value="[A-Za-z0-9]{64}"/g, "").replace(/ class="(htmx-\S+ ?)*"/g, "");
}

function inUse(part) {
  return part.contains(document.activeElement) || part.querySelector("details[open]");
}

function replace(old, part) {
  old.replaceWith(document.adoptNode(part));
  window.htmx?.process(part);
}

/** With `isOther` columns no row stays, though its run is as before. */
function mergeRows(table, next, isOther) {
  const rowsById = new Map([...table.rows].map((row) => [row.id, row]));
  let place = null;
  for (const row of [...next.rows]) {
    const old = rowsById.get(row.id);
    rowsById.delete(row.id);
    const same = !isOther && old && old.dataset.mark === row.dataset.mark;
    if (same && row.dataset.points) old.dataset.points = row.dataset.points;
    const current = same ? old : document.adoptNode(row);
    if (old && !same) takeOver(old, current);
    const target = place ? place.nextElementSibling : table.firstElementChild;
    if (current !== target) table.insertBefore(current, target);
    place = current;
  }
  for (const row of rowsById.values()) row.remove();
}

/** Put `row` where `old` is, chosen and focused as that one was. */
function takeOver(old, row) {
  const [box, before] = [row, old].map((line) => line.querySelector(".pick-cell input"));
  if (box) [box.checked, box.indeterminate] = [before.checked, before.indeterminate];
  const focused = old.contains(document.activeElement) ? document.activeElement.classList[0] : "";
  old.replaceWith(row);
  if (focused) row.getElementsByClassName(focused)[0]?.focus();
}
