/** Changes of a board and its sections: each function returns a new board and leaves the old one as it is. Pure. */

import { arrange } from "./arrangement.js";

const MOST_SECTIONS = 200;

/** The sections with all of their charts, those that are pinned or hidden too. */
export const complete = (board, metrics) => arrange({ ...board, pinned: [], hidden: [] }, metrics, { showsEmpty: true }).sections;

/** Set fields of a board, section or item; undefined removes one. */
export function assign(object, fields) {
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) delete object[key];
    else object[key] = value;
  }
}

export function rename(board, title) {
  const made = structuredClone(board);
  assign(made, { title: title || undefined });
  return made;
}

/** List one section in the board; returns [board, its place]. Groups that are not listed keep their default order. */
export function list(board, metrics, key) {
  const made = structuredClone(board);
  const sections = complete(board, metrics);
  const place = sections.findIndex((section) => section.key === key);
  const { index, prefix } = sections[place];
  if (index >= 0) return [made, index];
  const before = sections.slice(0, place).filter((section) => section.index >= 0);
  const free = before.length ? Math.max(...before.map((section) => section.index)) + 1 : 0;
  made.sections = made.sections ?? [];
  made.sections.splice(free, 0, { prefix });
  return [made, free];
}

/** List all sections of the page in the board, in the present order. */
function listAll(board, metrics) {
  const made = structuredClone(board);
  const listed = made.sections ?? [];
  made.sections = complete(board, metrics).map(({ index, prefix }) => listed[index] ?? { prefix });
  return made;
}

export function changeSection(board, metrics, key, fields) {
  const [made, place] = list(board, metrics, key);
  assign(made.sections[place], fields);
  return made;
}

/** Fold or open all sections, as many as a board can list. */
export function foldAll(board, metrics, folded) {
  const made = listAll(board, metrics);
  made.sections = made.sections.slice(0, MOST_SECTIONS).map((section) => ({ ...section, folded }));
  return made;
}

/** Add a section above all others. */
export function addSection(board, metrics, fields) {
  const made = listAll(board, metrics);
  made.sections.unshift(fields);
  return made;
}

export function removeSection(board, index) {
  const made = structuredClone(board);
  made.sections.splice(index, 1);
  return made;
}

/** Move a section of the page by one place, up (-1) or down (1). */
export function moveSection(board, metrics, key, by) {
  const made = listAll(board, metrics);
  const sections = arrange({ ...made, pinned: [], hidden: [] }, metrics).sections;
  const place = sections.findIndex((section) => section.key === key);
  const other = sections[place + by];
  if (!other) return board;
  made.sections.splice(other.index, 0, ...made.sections.splice(sections[place].index, 1));
  return made;
}
