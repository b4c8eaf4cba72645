/** The filter expression: completion of keys, operators, values and words, and the number of hits while it is written. */

import { make } from "../dom.js";
import { requestJson, siteAddress } from "../http.js";
import { gettext, ngettext } from "../i18n.js";
import { count } from "./select.js";

const PAUSE = 120;

const field = () => document.getElementById("where");
const list = () => document.getElementById("where-options");
const status = () => document.getElementById("where-status");
const options = () => [...list().children];
let [timer, start, active, last] = [0, 0, -1, 0];
/** The text that Enter applied: its help would cover the head of the new table. */
let applied = null;

function close() {
  clearTimeout(timer);
  last += 1;
  if (!field()) return;
  document.getElementById("where-help").hidden = true;
  field().ariaExpanded = false;
  mark(-1);
}

/** Mark an option as the one that Enter takes. */
function mark(at) {
  active = at;
  options().forEach((option, i) => (option.ariaSelected = i === at));
  const option = options()[at];
  if (!option) return field().removeAttribute("aria-activedescendant");
  field().setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

/** Ask what may stand at the cursor, and how many runs match so far. */
async function ask() {
  const input = field();
  const query = new URLSearchParams({ where: input.value, cursor: input.selectionStart });
  const project = new URLSearchParams(location.search).get("project");
  if (project) query.set("project", project);
  const turn = (last += 1);
  try {
    const answer = await requestJson(siteAddress(`/runs-where?${query}`));
    if (turn === last && document.activeElement === field()) show(answer);
  } catch (error) {
    if (turn === last) status().textContent = error.message;
  }
}

function show(answer) {
  start = answer.start;
  list().replaceChildren(...answer.suggestions.map(option));
  status().textContent = hits(answer);
  status().classList.toggle("problem", !answer.valid && !answer.suggestions.length);
  document.getElementById("where-help").hidden = false;
  field().ariaExpanded = answer.suggestions.length > 0;
  mark(-1);
}

function hits({ valid, error, total, total_capped: capped }) {
  if (!field().value.trim()) return gettext("↑ ↓ choose, Enter applies");
  if (!valid) return error;
  return ngettext("{n} run matches", "{n} runs match", total, { n: total.toLocaleString("en") + (capped ? "+" : "") });
}

function option({ text, runs }, at) {
  const total = runs === undefined ? [] : [make("span", { className: "faint" }, count(runs))];
  return make("li", { id: `where-option-${at}`, role: "option" }, text, ...total);
}

/** Put the word of an option in the place of the one that is being written. */
function accept(at) {
  const input = field();
  const rest = input.value.slice(input.selectionStart).trimStart();
  const before = `${input.value.slice(0, start)}${options()[at].firstChild.data} `;
  input.value = before + rest;
  input.setSelectionRange(before.length, before.length);
  input.focus();
  ask();
}

function keys(event) {
  if (event.target !== field() || event.isComposing) return;
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const isOpen = !document.getElementById("where-help").hidden;
  if (by && !isOpen) ask();
  else if (by) mark((active + by + options().length + 1) % (options().length + 1) || (by > 0 ? 0 : -1));
  else if ((event.key === "Enter" || event.key === "Tab") && active >= 0) accept(active);
  else if (event.key === "Escape" && isOpen) close();
  else if (event.key === "Enter") {
    applied = field().value.trim();
    return close();
  }
  else return;
  event.preventDefault();
}

/** Wire the field. */
export function where() {
  document.addEventListener("keydown", keys);
  document.addEventListener("input", ({ target }) => {
    if (target !== field()) return;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  document.addEventListener("focusin", ({ target }) => target === field() && target.value.trim() !== applied && ask());
  document.addEventListener("focusout", ({ target }) => {
    if (target !== field()) return;
    close();
    // A text that an option wrote makes no event of its own.
    if (target.value !== target.defaultValue) target.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("pointerdown", (event) => {
    const chosen = event.target.closest?.("#where-options li");
    if (event.target.closest?.("#where-help")) event.preventDefault(); // the field keeps the focus
    if (chosen) accept(options().indexOf(chosen));
  });
}
