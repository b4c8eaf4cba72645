/** Row selection: single, range with Shift, page, all matches. It survives paging and sorting. */

import { gettext, ngettext } from "../i18n.js";

/** Wire the checkboxes of the page; `show()` brings boxes, bar and the box in the head up to date. */
export function selection() {
  const ids = new Set();
  let last = null;

  const boxes = () => [...document.querySelectorAll("input.pick")];

  function set(box, chosen) {
    box.checked = chosen;
    if (chosen) ids.add(box.value);
    else ids.delete(box.value);
  }

  function show() {
    const all = boxes();
    for (const box of all) box.checked = ids.has(box.value);
    const here = all.filter((box) => box.checked).length;
    const bar = document.getElementById("selection");
    if (!bar) return;
    bar.hidden = !ids.size;
    document.body.classList.toggle("picked", !bar.hidden);
    const counts = { runs: count(ids.size), here: here.toLocaleString("en") };
    bar.querySelector("output").textContent =
      ids.size > here && !document.querySelector(".group-row") ? gettext("{runs} selected, {here} of them on this page", counts) : gettext("{runs} selected", counts);
    const matching = document.getElementById("pick-matching");
    if (matching) {
      const { total, most } = matching.dataset;
      matching.hidden = ids.size >= Math.min(Number(total), Number(most));
    }
    const head = document.getElementById("pick-all");
    head.hidden = false;
    head.checked = here > 0 && here === all.length;
    head.indeterminate = here > 0 && here < all.length;
    bar.dispatchEvent(new CustomEvent("selection", { bubbles: true }));
  }

  function choose(more) {
    for (const id of more) ids.add(id);
    show();
  }

  function drop(some) {
    for (const id of some) ids.delete(id);
    show();
  }

  function clear() {
    ids.clear();
    show();
  }

  document.addEventListener("click", (event) => {
    const cell = event.target.closest("td.pick-cell");
    const box = cell?.querySelector("input.pick");
    if (box) {
      // A finger that misses the box by a little means it all the same.
      if (event.target !== box) box.checked = !box.checked;
      const all = boxes();
      set(box, box.checked);
      if (event.shiftKey && last?.isConnected) {
        const ends = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
        for (const other of all.slice(ends[0], ends[1] + 1)) set(other, box.checked);
      }
      last = box;
    } else if (event.target.id === "pick-all") {
      for (const other of boxes()) set(other, event.target.checked);
    } else if (event.target.closest("#unpick")) {
      ids.clear();
    } else return;
    show();
  });

  for (const box of boxes()) if (box.checked) ids.add(box.value); // what the browser kept over a reload
  show();
  return { show, choose, drop, clear, ids };
}

/** `1 run`, `5,000 runs`. */
export function count(number) {
  return ngettext("{n} run", "{n} runs", number, { n: number.toLocaleString("en") });
}
