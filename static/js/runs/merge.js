/** Taking a fresh fragment over without losing what a person is doing: selection, focus, open menus, scroll place. */

/** Replace inside `holder` what differs in `text`: single rows of the table by id, and the parts marked `data-part`. */
export function merge(holder, text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of fresh.querySelectorAll("[data-part]")) {
    const old = holder.querySelector(`[data-part="${part.dataset.part}"]`);
    if (old && old.outerHTML !== part.outerHTML) old.replaceWith(part);
  }
  const table = holder.querySelector("tbody");
  const next = fresh.querySelector("tbody");
  // The first run of a store, or the last one gone: the page is another one then.
  if (!table || !next) {
    const changed = Boolean(table) !== Boolean(next);
    if (changed) holder.replaceWith(document.adoptNode(fresh.getElementById(holder.id)));
    return;
  }
  mergeRows(table, next);
}

function mergeRows(table, next) {
  const known = new Map([...table.rows].map((row) => [row.id, row]));
  let place = null;
  for (const row of [...next.rows]) {
    const old = known.get(row.id);
    known.delete(row.id);
    const kept = old && old.dataset.mark === row.dataset.mark ? old : document.adoptNode(row);
    if (old && kept !== old) takeOver(old, kept);
    const target = place ? place.nextSibling : table.firstChild;
    if (kept !== target) table.insertBefore(kept, target);
    if (old && kept !== old) old.remove();
    place = kept;
  }
  for (const row of known.values()) row.remove();
}

function takeOver(old, row) {
  row.querySelector(".pick").checked = old.querySelector(".pick").checked;
  if (!old.contains(document.activeElement)) return;
  const { className } = document.activeElement;
  queueMicrotask(() => row.getElementsByClassName(className)[0]?.focus());
}
