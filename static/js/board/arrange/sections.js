/** Sections of a board: its own in their order, and the groups that it does not list. Pure. */

import { expression, prefixOf } from "./names.js";

const MANY_CHARTS = 300, LARGE_SECTION = 30;
/** Charts of a page with very many that are open at least, and no more than which are opened beyond those. */
const [LEAST_OPEN, MOST_OPEN] = [12, 60];

/** The sections of the board in its order, and the groups that it does not list behind those they follow by default. */
export function mergeSections(listed, metrics) {
  const sections = listed.map((section, index) => ({
    key: keyOf(section, index),
    title: section.title ?? section.prefix?.replace(/\/$/, "") ?? section.match ?? "",
    kind: "listed",
    index,
    prefix: section.prefix,
    match: section.match,
    folded: section.folded,
    order: section.order ?? [],
    cells: [],
    has: belongs(section),
  }));
  const groups = [...new Set(metrics.map(({ group }) => group))];
  let place = 0;
  for (const group of groups) {
    const prefix = prefixOf(group);
    const there = sections.findIndex((section) => section.prefix === prefix);
    if (there >= 0) {
      place = there + 1;
      continue;
    }
    const has = (metric) => metric.group === group;
    const section = { key: keyOf({ prefix }), title: group, kind: "group", index: -1, prefix, order: [], cells: [], has };
    sections.splice(place, 0, section);
    place += 1;
  }
  return sections;
}

/** A section keeps its key when it is listed in the board, moved or given a title. */
function keyOf({ prefix, match, title }, index) {
  if (prefix !== undefined) return `prefix:${prefix}`;
  return match !== undefined ? `match:${match}` : `title:${title ?? index}`;
}

function belongs({ prefix, match }) {
  if (prefix === "") return ({ group }) => group === "";
  if (prefix !== undefined) return ({ name }) => name.startsWith(prefix);
  if (match === undefined) return () => false;
  const pattern = expression(match);
  return ({ name }) => pattern.test(name);
}

/** Give each section a key of its own. */
export function distinct(sections) {
  const keys = new Set();
  return sections.map((section) => {
    const key = keys.has(section.key) ? `${section.key}#${section.index}` : section.key;
    keys.add(key);
    return { ...section, key };
  });
}

/** Fold large sections of a page with very many charts, but the first ones and unless the board says otherwise. */
export function foldLarge(sections) {
  const count = sections.reduce((sum, { cells }) => sum + cells.length, 0);
  let open = 0;
  return sections.map((section) => {
    const { length } = section.cells;
    const large = count > MANY_CHARTS && length > LARGE_SECTION && open >= LEAST_OPEN && open + length > MOST_OPEN;
    const folded = section.folded ?? large;
    if (!folded) open += length;
    return { ...section, folded };
  });
}
