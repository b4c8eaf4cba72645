/** Links to log lines: a click on a line number puts it into the address; an address with a line shows it. */

import { setParameters } from "../shared/query.js";
import { numberOf } from "./rows.js";

/** Wire the numbers of `pane`, and go to the line that the address names. */
export function linkLines(pane) {
  pane.element.addEventListener("click", ({ target, clientX }) => {
    const row = target.closest("[data-n]");
    const gutter = row && parseFloat(getComputedStyle(row).paddingLeft);
    if (!row || target !== row || clientX - row.getBoundingClientRect().left > gutter) return;
    setParameters({ pane: "log", line: numberOf(row) });
    pane.jump(numberOf(row));
  });
  const asked = Number(new URLSearchParams(location.search).get("line"));
  if (Number.isSafeInteger(asked) && asked > 0) pane.jump(asked);
}
