/** Changes of charts and texts of a board: each function returns a new board and leaves the old one as it is. Pure. */

import { assign, complete, list } from "./section_changes.js";

const without = (names, name) => (names ?? []).filter((other) => other !== name);
const itemOf = ({ item, metrics }) => item ?? { metrics };

/** Pin a chart, before another one or at the end, or unpin it. */
export function pin(board, name, isPinned, before = null) {
  const pinned = without(board.pinned, name);
  const place = pinned.indexOf(before);
  if (isPinned) pinned.splice(place < 0 ? pinned.length : place, 0, name);
  return { ...structuredClone(board), pinned };
}

/** Hide or show a chart. */
export function hide(board, name, isHidden) {
  return { ...structuredClone(board), hidden: [...without(board.hidden, name), ...(isHidden ? [name] : [])] };
}

/** Return the section of a cell and its place there. */
function find(board, metrics, name) {
  for (const section of complete(board, metrics)) {
    const place = section.cells.findIndex((cell) => cell.name === name);
    if (place >= 0) return { section, place, cell: section.cells[place] };
  }
  return null;
}

/** Set fields of a chart's or text's item; undefined removes one. */
export function changeItem(board, metrics, name, fields) {
  const { section, place, cell } = find(board, metrics, name);
  const [made, index] = list(board, metrics, section.key);
  // What comes before it is listed too, so that it stays where it is.
  if (!cell.at) made.sections[index].items = section.cells.slice(0, place + 1).map((listed) => structuredClone(itemOf(listed)));
  assign(made.sections[index].items[cell.at ? cell.at[1] : place], fields);
  return made;
}

/** Move a cell into the section of that key ("pinned" for the pinned ones), before another cell or to the end. */
export function moveCell(board, metrics, name, key, before = null) {
  if (name === before) return board;
  if (key === "pinned") return pin(board, name, true, before);
  const item = itemOf(find(board, metrics, name).cell);
  const taken = removeItem(pin(board, name, false), metrics, name);
  const [made, index] = list(taken, metrics, key);
  const cells = complete(made, metrics).find((section) => section.key === key)?.cells.filter((cell) => cell.name !== name) ?? [];
  const position = cells.findIndex((cell) => cell.name === before);
  const place = position < 0 ? cells.length : position;
  const rest = cells.slice(place).filter((cell) => cell.at);
  made.sections[index].items = [...cells.slice(0, place).map(itemOf), item, ...rest.map(itemOf)];
  return made;
}

/** Add a chart or a text in front of a section. */
export function addItem(board, metrics, key, item) {
  const [made, index] = list(board, metrics, key);
  made.sections[index].items = [item, ...(made.sections[index].items ?? [])];
  return made;
}

/** Remove the item of a chart or text; the chart of a metric returns to its usual place and options. */
export function removeItem(board, metrics, name) {
  const { cell } = find(board, metrics, name);
  const made = structuredClone(board);
  if (cell.at) made.sections[cell.at[0]].items.splice(cell.at[1], 1);
  return made;
}
