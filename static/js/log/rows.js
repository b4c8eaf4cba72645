/** Rows of the log: one line each, with its number, its colours, and a way to see a very long one whole. */

import { make, textButton } from "../dom.js";
import { gettext } from "../i18n.js";
import { lastState, pieces } from "./ansi.js";

const LARGEST = 8 * 1024 * 1024;

/** Create the rows of a block; `whole(start, end)` fetches the text of a truncated line. */
export function rowsOf({ first, lines, long }, whole) {
  const rows = lines.map((line, i) => rowOf(line, first + i));
  for (const [i, start, end] of long) rows[i].append(expander(rows[i], start, end, whole));
  return rows;
}

/** The number of the line in a row. */
export function numberOf(row) {
  return Number(row.dataset.n);
}

function rowOf(text, number) {
  const row = document.createElement("div");
  row.dataset.n = number;
  fill(row, lastState(text));
  return row;
}

function fill(row, line) {
  row.replaceChildren(...pieces(line).map(([textContent, className]) => (className ? make("span", { className, textContent }) : textContent)));
}

function bytes(count) {
  return count < 1024 * 1024 ? `${Math.round(count / 1024)} KiB` : `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

function expander(row, start, end, whole) {
  const size = bytes(end - start);
  if (end - start > LARGEST) {
    return make("span", { className: "more", textContent: gettext("… {size}: download the log to see all of it", { size }) });
  }
  const button = textButton(gettext("… show all {size}", { size }), async () => {
    button.disabled = true;
    try {
      fill(row, lastState(await whole(start, end)));
    } catch {
      button.disabled = false;
      button.textContent = gettext("… couldn’t read {size}: try again", { size });
    }
  }, { className: "more" });
  return button;
}
