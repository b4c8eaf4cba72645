/** Data table of a chart: the points in view, following zoom, live points and settings. */

import { make } from "../../dom.js";
import { gettext, ngettext } from "../../i18n.js";
import { axisOf } from "../axes.js";
import { header, rows } from "../data/rows.js";
import { formatNumber } from "./format.js";

const LONGEST = 1000;
const PAUSE = 250;

/** Open the table below a chart, or close it; whether it is open now. */
export function toggleTable(chart) {
  const open = chart.holder.querySelector(".points");
  if (open) {
    chart.hooks.drawn = () => {};
    open.remove();
    return false;
  }
  const table = make("table");
  fill(table, chart);
  chart.hooks.drawn = afterwards(() => fill(table, chart));
  const label = gettext("Points of {name}", { name: chart.name });
  chart.holder.append(make("div", { className: "points", tabIndex: 0, role: "region", "aria-label": label }, table));
  return true;
}

/** Throttle `action`: a chart is drawn each frame during a drag or while points stream in. */
function afterwards(action) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      action();
    }, PAUSE);
  };
}

function fill(table, chart) {
  const [heads, all] = [header(chart), rows(chart)];
  const where = chart.curves.length > 1 ? 1 : 0;
  const place = (value) => axisOf(chart.settings).textOf(value, chart.settings);
  const texts = all.slice(-LONGEST).map((cells) => cells.map((value, i) => (i === where ? place(value) : formatNumber(value))));
  const total = formatNumber(all.length);
  const caption =
    texts.length < all.length
      ? gettext("Last {n} of {total} points in view", { n: LONGEST, total })
      : ngettext("{total} point in view", "{total} points in view", all.length, { total });
  const logged = chart.curves.reduce((sum, { series }) => sum + series.count, 0);
  const rest = logged > all.length ? ` (${gettext("of {n} logged", { n: formatNumber(logged) })})` : "";
  put(table.caption ?? table.createCaption(), caption + rest);
  const head = table.tHead?.rows[0] ?? table.createTHead().insertRow();
  putCells(head, heads, () => make("th", { scope: "col" }));
  const body = table.tBodies[0] ?? table.createTBody();
  while (body.rows.length > texts.length) body.deleteRow(-1);
  texts.forEach((cells, i) => putCells(body.rows[i] ?? body.insertRow(), cells, () => make("td")));
}

function putCells(row, texts, makeCell) {
  while (row.cells.length > texts.length) row.deleteCell(-1);
  texts.forEach((text, i) => put(row.cells[i] ?? row.appendChild(makeCell()), text));
}

/** What stays as it is is not touched: a selection in it, or a reader's place, is not lost. */
function put(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}
