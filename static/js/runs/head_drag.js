/** Columns moved by dragging their headings. */

import { heads } from "./widths.js";

/** Let headings be dragged; `move(key, before)` puts a column before another one, or at the end. */
export function dragHeads(move) {
  let held = "";
  document.addEventListener("dragstart", (event) => {
    held = event.target.closest("table.runs th[data-key]")?.dataset.key ?? "";
    if (held) event.dataTransfer.setData("text/plain", held);
  });
  document.addEventListener("dragover", (event) => {
    const over = held && event.target.closest?.("table.runs th[data-key]");
    for (const head of heads()) head.classList.toggle("over", head === over);
    if (over) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const over = held && event.target.closest?.("table.runs th[data-key]");
    if (!over) return;
    event.preventDefault();
    const keys = heads().map((head) => head.dataset.key);
    const [from, to] = [keys.indexOf(held), keys.indexOf(over.dataset.key)];
    move(held, to > from ? (keys[to + 1] ?? "") : over.dataset.key);
    held = "";
  });
  document.addEventListener("dragend", () => heads().forEach((head) => head.classList.remove("over")));
}
