/** Groups of charts: filtering, and placing a new metric. */

import { requestJson } from "../http.js";
import { gettext } from "../i18n.js";
import { natural } from "./natural.js";

/** Show the figures whose name contains every word of `filter`, and their groups. */
export function filterFigures(root, filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const group of root.querySelectorAll(".group")) {
    let some = 0;
    for (const figure of group.querySelectorAll("figure")) {
      const name = figure.dataset.name.toLowerCase();
      figure.hidden = !words.every((word) => name.includes(word));
      some += Number(!figure.hidden);
    }
    group.hidden = !some;
    shown += some;
  }
  root.querySelector(".no-match").hidden = shown > 0 || !words.length;
}

/** The part of a metric's name before its last `/`-free rest: `train/loss` belongs to `train`. */
export function groupOf(name) {
  const slash = name.indexOf("/");
  return slash > 0 ? name.slice(0, slash) : "";
}

/** A figure for a metric that was logged for the first time, put into its group in order of name. */
export function addFigure(root, name, timeOnly) {
  root.querySelector(".empty")?.remove();
  const charts = groupElement(root, groupOf(name)).querySelector(".charts");
  const figure = root.querySelector("template.figure").content.firstElementChild.cloneNode(true);
  figure.dataset.name = name;
  if (timeOnly) figure.dataset.axis = "time";
  figure.querySelector("h3").textContent = groupOf(name) ? name.slice(groupOf(name).length + 1) : name;
  figure.querySelector("h3").title = name;
  const after = [...charts.children].find((other) => natural(other.dataset.name, name) > 0);
  charts.insertBefore(figure, after ?? null);
  return figure;
}

/** The series behind an address: the name of each, and whether it has times and no steps. */
export async function seriesOf(address) {
  const found = new Map();
  for (const axis of ["step", "time"]) {
    const answer = await requestJson(`${address}?points=4&x=${axis}`).catch(() => null);
    for (const { name } of answer?.series ?? []) {
      if (!found.has(name)) found.set(name, axis === "time");
    }
  }
  return found;
}

function groupElement(root, group) {
  const found = [...root.querySelectorAll(".group")].find((one) => one.dataset.group === group);
  if (found) return found;
  const made = root.querySelector("template.group").content.firstElementChild.cloneNode(true);
  made.dataset.group = group;
  made.querySelector("h2").textContent = group || gettext("metrics");
  const after = [...root.querySelectorAll(".group")].find((other) => natural(other.dataset.group, group) > 0);
  root.querySelector(".groups").insertBefore(made, after ?? null);
  return made;
}
