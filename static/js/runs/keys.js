/** Keyboard shortcuts of the table: j and k move, x selects, t edits, e shows curves, c changes the layout, g groups seeds, arrows open and close groups; Enter follows the focused link. */

import { isShortcut } from "../dom.js";

/** Wire the keys; `edit(row)` opens the sheet of a row. */
export function keys(edit) {
  document.addEventListener("keydown", (event) => {
    if (!isShortcut(event)) return;
    const rows = [...document.querySelectorAll("#runs tbody tr[id]")];
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const goal = { j: here + 1, k: Math.max(here - 1, 0) }[event.key];
    if (goal !== undefined) rows[goal]?.querySelector(".c-name a").focus();
    else if (event.key === "x" && here >= 0) rows[here].querySelector(".pick-cell input")?.click();
    else if (event.key === "t" && here >= 0) edit(rows[here]);
    else if (event.key === "e" && here >= 0) rows[here].querySelector(".eye")?.click();
    else if (event.key === "g") document.querySelector("#group-seeds, .grouping .chip")?.click();
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const opener = document.activeElement.closest(`.opener[aria-expanded="${event.key === "ArrowLeft"}"]`);
      if (!opener) return;
      opener.click();
    } else if (event.key === "c") document.getElementById("other-layout")?.click();
    else return;
    event.preventDefault();
  });
}
