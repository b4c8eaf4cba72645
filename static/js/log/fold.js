/** Progress bars in the log: lines of one bar that follow each other are folded into the last of them. */

import { textButton } from "../dom.js";
import { ngettext } from "../i18n.js";

// tqdm (` 45%|███ `), Keras (`12/100 ━━━`), rich (`━━━ 45%`).
const BARS = [/^(.*?)(\d{1,3}(?:\.\d+)?)%\s?\|/, /^(.*?)(\d+)\/(\d+) ?[\[━]/, /^(.*?)[━╸╺─]{3,}.*?(\d{1,3}(?:\.\d+)?)%/];

/** Parse a progress bar line into `{name, at, end}`: the text before the bar without numbers, its position and its total. */
export function barOf(line) {
  for (const form of BARS) {
    const match = form.exec(line);
    if (match) return { name: match[1].replace(/[\d.]+/g, "#").trim(), at: Number(match[2]), end: Number(match[3] ?? 100) };
  }
  return null;
}

/** Return whether `next` is a later state of the same bar as `bar`. After its end a bar of the same name is a new one. */
function goesOn(bar, next) {
  return Boolean(bar && next) && bar.name === next.name && bar.at <= next.at && bar.at < bar.end;
}

/** Fold `rows`, which follow each other. */
export function foldRows(rows) {
  let before = null;
  for (const row of rows) {
    row.bar ??= barOf(row.textContent.slice(0, 300)) ?? false;
    if (before && (!before.group || before.group !== row.group) && goesOn(before.bar, row.bar)) join(before, row);
    before = row;
  }
}

/** A row goes away: its bar shows the last state that is left. */
export function leaveFold(row) {
  const { group } = row;
  if (!group) return;
  group.rows.splice(group.rows.indexOf(row), 1);
  if (group.rows.length) show(group);
}

function join(before, row) {
  before.group ??= { rows: [before], button: null };
  const { group } = before;
  const joined = row.group?.rows ?? [row];
  row.group?.button.remove();
  for (const member of joined) member.group = group;
  before.classList.add("folded");
  before.classList.toggle("seen", group.button?.ariaExpanded === "true");
  group.rows.push(...joined);
  show(group);
}

/** Only the last row of a group stands there, with a button that shows the others. */
function show(group) {
  const last = group.rows.at(-1);
  const count = group.rows.length - 1;
  const button = (group.button ??= unfolder(group));
  last.classList.remove("folded", "seen");
  button.hidden = !count;
  button.textContent = `+${count}`;
  button.ariaLabel = ngettext("Show {n} earlier state of this bar", "Show {n} earlier states of this bar", count);
  if (button.parentElement !== last) last.prepend(button);
}

function unfolder(group) {
  const button = textButton("", () => {
    const open = button.ariaExpanded === "false";
    button.ariaExpanded = open;
    for (const row of group.rows) row.classList.toggle("seen", open);
  }, { className: "unfold", "aria-expanded": "false" });
  return button;
}
