/** The table: a page of samples or of groups; cells narrow the selection, heads sort it. */

import { make } from "../dom.js";
import { gettext } from "../i18n.js";
import { columnName, literal } from "./state.js";
import { number, short, visible } from "./texts.js";

const FIRST = ["id", "reward", "correct", "truncated", "advantage", "completion_length", "entropy", "tool_calls", "target"];
const LEFT_OUT = new Set(["group", "group_from", "selected_by", "step_from", "prompt_length", "turns", "token_count"]);
const MOST = 7;

/** Return the short texts of prompt and completion of a row. */
function sides(row) {
  if (Array.isArray(row.messages)) {
    const last = row.messages.at(-1);
    const first = row.messages.find((message) => message?.role === "user") ?? row.messages[0];
    return [content(first), content(last)];
  }
  return [content(row.prompt), content(row.completion ?? row.response)];
}

/** Return the text of a message, of the last of several, or of a list of parts. */
function content(value) {
  if (Array.isArray(value)) {
    if (value.some((part) => part?.role !== undefined)) return content(value.at(-1));
    return value.map((part) => (typeof part === "string" ? part : part?.text ?? "")).filter(Boolean).join(" ");
  }
  if (value && typeof value === "object") return content(value.content ?? value.text ?? "");
  return value ?? "";
}

/** Return a value as a cell shows it; false is a failure only of what should be true. */
function caption(name, value) {
  if (typeof value !== "boolean") return make("bdi", { textContent: short(value, 40) });
  if (name === "correct") return make("bdi", { textContent: value ? "✓" : "✗" });
  return value ? make("bdi", { textContent: gettext("yes") }) : make("bdi", { className: "faint", textContent: gettext("no") });
}

export class Table {
  /** `open(row)`, `sort(column)`, `narrow(condition)` and `group(name)` act on what was clicked. */
  constructor(root, actions) {
    Object.assign(this, { root, actions, rows: [] });
  }

  showRows(rows, columns, sort, chosen, notes) {
    this.rows = rows;
    const shown = this.#columns(columns, sort);
    const texts = [[gettext("Prompt"), "prompt"], [gettext("Completion"), "completion"]].map(([label, className], side) => ({ label, className, side })).filter(({ side }) => rows.some((row) => sides(row)[side]));
    const head = make("tr", {}, this.#head(gettext("Step"), "_step", sort, true), ...shown.map(({ name, type }) => this.#head(name, name, sort, type !== "text")), ...texts.map(({ label, className }) => make("th", { scope: "col", className, textContent: label })));
    const body = rows.map((row) => this.#row(row, shown, texts, chosen, notes));
    this.root.replaceChildren(make("table", { className: "each-sample" }, make("thead", {}, head), make("tbody", {}, ...body)));
    if (!rows.length) this.root.append(make("p", { className: "soft empty", textContent: gettext("No sample matches.") }));
  }

  showGroups(groups, sort) {
    this.rows = [];
    const numbers = [["n", gettext("Samples")], ["mean", gettext("Mean")], ["spread", gettext("Spread")], ["min", gettext("Lowest")], ["max", gettext("Highest")]];
    const head = make("tr", {}, make("th", { scope: "col", textContent: gettext("Group") }), make("th", { scope: "col", textContent: gettext("Step") }), ...numbers.map(([key, label]) => this.#head(label, key, sort, true)), make("th", { scope: "col", textContent: gettext("Prompt") }));
    const body = groups.map((group) => {
      const name = group.group ?? group.id;
      const open = make("button", { type: "button", className: "linklike", textContent: short(name ?? group.prompt, 40) });
      open.addEventListener("click", () => this.actions.group(group));
      return make("tr", {}, make("td", {}, open), make("td", { className: "number", textContent: number(group._step) }), ...numbers.map(([key]) => make("td", { className: "number", textContent: number(group[key]) })), make("td", { className: "prompt" }, make("bdi", { textContent: short(sides(group)[0]) })));
    });
    this.root.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
  }

  mark(row) {
    for (const line of this.root.querySelectorAll("tbody tr")) line.ariaSelected = String(line.dataset.row === String(row));
    this.root.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  /** Return the columns that are shown: the first ones, and that of the order. */
  #columns(columns, sort) {
    const byName = new Map(columns.map((column) => [column.name, column]));
    const names = [...FIRST.filter((name) => byName.has(name)), ...[...byName.keys()].filter((name) => !FIRST.includes(name) && !LEFT_OUT.has(name))];
    const order = sort.replace(/^-/, "");
    const shown = names.slice(0, MOST);
    if (byName.has(order) && !shown.includes(order)) shown.splice(MOST - 1, 1, order);
    return shown.map((name) => byName.get(name));
  }

  #head(label, column, sort, isNumber = false) {
    const [name, down] = [sort.replace(/^-/, ""), sort.startsWith("-")];
    const button = make("button", { type: "button", className: "linklike", title: gettext("Sort by {name}", { name: label }) }, make("bdi", { textContent: label }));
    button.addEventListener("click", () => this.actions.sort(name === column && !down ? `-${column}` : column));
    const cell = make("th", { scope: "col", className: isNumber ? "number" : "" }, button);
    if (name === column) cell.ariaSort = down ? "descending" : "ascending";
    return cell;
  }

  #row(row, columns, texts, chosen, notes) {
    const line = make("tr", { tabIndex: -1, ariaSelected: String(row._row === chosen) });
    line.dataset.row = row._row;
    const label = notes.get(row._row)?.label;
    const open = make("button", { type: "button", className: "linklike number", textContent: number(row._step), title: gettext("Open this sample") });
    const cells = columns.map(({ name, type }) => {
      const value = row._values[name];
      const cell = make("td", { className: type === "text" ? "clip" : "number" });
      cell.dataset.name = name;
      if (value === undefined || value === null) {
        cell.textContent = "–";
        return cell;
      }
      const button = make("button", { type: "button", className: "linklike value", title: gettext("Only {column} = {value}", { column: name, value: visible(String(value)).slice(0, 80) }) }, caption(name, value));
      button.addEventListener("click", (event) => {
        event.stopPropagation();
        this.actions.narrow(`${columnName(name)} = ${literal(value)}`);
      });
      cell.append(button);
      return cell;
    });
    const contents = sides(row);
    const step = make("td", { className: "number" }, open, ...(label ? [make("span", { className: "tag", textContent: short(label, 12) })] : []));
    step.dataset.name = gettext("Step");
    line.append(step, ...cells, ...texts.map(({ className, side }) => make("td", { className }, make("bdi", { textContent: short(contents[side], 240) }))));
    line.addEventListener("click", () => this.actions.open(row));
    return line;
  }
}

/** Offer all columns to sort by, also hidden ones. */
export function offerColumns(select, columns, { sort, grouped }) {
  const named = columns.map(({ name }) => [name, gettext("By {column}", { column: name })]);
  const options = [["", gettext("As written")], ["_step", gettext("Step")], ...named];
  select.hidden = grouped;
  select.replaceChildren(...options.map(([value, textContent]) => make("option", { value, textContent })));
  select.value = sort.replace(/^-/, "");
}
