/** The filter of charts: words, `|` between alternatives, `-word` to leave out, and `/regular expression/`. */

import { compiled } from "../chart/expressions.js";
import { gettext } from "../i18n.js";

/** Return a function that says whether a name matches a filter. */
export function matcher(filter) {
  const pattern = /^\/(.+?)\/?$/.exec(filter.trim());
  if (pattern) {
    const expression = compiled(pattern[1], "i");
    // An expression that is not finished yet leaves nothing out.
    return (name) => expression === null || expression.test(name);
  }
  const alternatives = filter.toLowerCase().split("|").map((part) => part.split(/\s+/).filter(Boolean)).filter((words) => words.length);
  if (!alternatives.length) return () => true;
  return (name) => alternatives.some((words) => words.every((word) => fits(name.toLowerCase(), word)));
}

function fits(name, word) {
  return word.length > 1 && word.startsWith("-") ? !name.includes(word.slice(1)) : name.includes(word);
}

const FEW = 2;

/** Show the cells of charts that match, and their sections; one or two charts fill the page. */
export function applyFilter(root, filter) {
  const [matches, isFiltered] = [matcher(filter), Boolean(filter.trim())];
  let matching = 0;
  for (const group of root.querySelectorAll(".group")) {
    let some = 0;
    const cells = group.querySelectorAll("[data-cell]");
    for (const cell of cells) {
      const { name } = cell.dataset;
      hide(cell, isFiltered && (name === undefined || !matches(name)));
      some += Number(!cell.hidden && name !== undefined);
    }
    hide(group, isFiltered && !some);
    const count = group.querySelector("summary > .count");
    if (count) count.textContent = isFiltered ? gettext("{at} of {n}", { at: some, n: cells.length }) : cells.length;
    showMatches(group, isFiltered && some > 0);
    matching += some;
  }
  hide(root.querySelector(".no-match"), matching > 0 || !isFiltered);
  const groups = root.querySelector(".groups");
  if (matching && matching <= FEW) groups.dataset.few = matching;
  else delete groups.dataset.few;
}

/** Of hundreds of charts most stay as they are. */
function hide(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

/** Open a folded section while it has charts that match. */
function showMatches(group, isFound) {
  const details = group.querySelector("details");
  if (isFound) group.dataset.found = "";
  else if (!("found" in group.dataset)) return;
  else delete group.dataset.found;
  details.open = isFound || group.dataset.folded === "false";
}
