/** Dialogs of boards: a name, a text, a chart, a section. Each resolves with what was entered, or null. */

import { compiled } from "../../chart/expressions.js";
import { make } from "../../dom.js";
import { gettext } from "../../i18n.js";
import { showText } from "../texts.js";

/** Milliseconds after a key until the preview is rendered. */
const PAUSE = 200;

/** Open a dialog with fields; `read()` returns the result, or {problem} to keep it open. */
function ask(title, fields, submit, read) {
  const problem = make("p", { className: "problem", role: "alert", hidden: true });
  const cancel = make("button", { type: "button", className: "button", textContent: gettext("Cancel") });
  const buttons = make("div", { className: "actions" }, make("button", { className: "button main", textContent: submit }), cancel);
  const form = make("form", {}, make("h2", { textContent: title, id: "board-dialog" }), ...fields, problem, buttons);
  const dialog = make("dialog", { className: "board-dialog", "aria-labelledby": "board-dialog" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    let result = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const found = read();
      problem.hidden = !found.problem;
      problem.textContent = found.problem ?? "";
      if (found.problem) return;
      result = found;
      dialog.close();
    });
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
  });
}

function field(label, input) {
  return make("label", {}, make("span", { className: "label", textContent: label }), input);
}

/** Ask for a name. */
export async function askName(title, submit, value = "") {
  const input = make("input", { value, required: true, maxLength: 100, autocomplete: "off" });
  const found = await ask(title, [field(gettext("Name"), input)], submit, () => ({ name: input.value.trim() }));
  return found?.name || null;
}

/** Ask whether to go on. */
export async function confirm(title, text, submit) {
  return Boolean(await ask(title, [make("p", { textContent: text })], submit, () => ({})));
}

/** Ask for a Markdown text; a preview stands below it. */
export async function askText(title, value = "") {
  const input = make("textarea", { value, rows: 8, maxLength: 100_000, required: true });
  const preview = make("div", { className: "markdown prose preview" });
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => showText(preview, input.value), PAUSE);
  });
  showText(preview, value);
  const found = await ask(title, [field(gettext("Markdown"), input), preview], gettext("Save"), () => ({ text: input.value }));
  return found?.text ?? null;
}

/** Ask for a chart: metrics that are picked from `names`, or a regular expression. */
export async function askChart(names) {
  const title = make("input", { maxLength: 255, autocomplete: "off" });
  const match = make("input", { maxLength: 500, placeholder: "loss$|acc", autocomplete: "off", spellcheck: false });
  const search = make("input", { type: "search", placeholder: gettext("Search metrics"), "aria-label": gettext("Search metrics") });
  const list = make("div", { className: "picks", role: "group", "aria-label": gettext("Metrics") }, ...names.map((name) =>
    make("label", {}, make("input", { type: "checkbox", value: name }), make("bdi", { textContent: name }))));
  search.addEventListener("input", () => {
    for (const label of list.children) label.hidden = !label.textContent.toLowerCase().includes(search.value.toLowerCase());
  });
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  const fields = [field(gettext("Title"), title), search, list, field(gettext("or a regular expression"), match)];
  return ask(gettext("Add a chart"), fields, gettext("Add"), () => {
    const metrics = [...list.querySelectorAll(":checked")].map(({ value }) => value);
    if (!metrics.length && !match.value) return { problem: gettext("Choose metrics, or enter a regular expression.") };
    if (!metrics.length && !compiled(match.value)) return { problem: gettext("This is not a regular expression.") };
    const named = title.value.trim() || (metrics.length > 1 ? metrics.join(", ").slice(0, 255) : "");
    return { ...(metrics.length ? { metrics } : { match: match.value }), ...(named ? { title: named } : {}) };
  });
}

/** Ask for a section: a title, and a prefix or a regular expression of the metrics in it. */
export async function askSection() {
  const [title, prefix, match] = [255, 255, 500].map((maxLength) => make("input", { maxLength, autocomplete: "off", spellcheck: false }));
  const fields = [field(gettext("Title"), title), field(gettext("Metrics that begin with"), prefix), field(gettext("or match the regular expression"), match)];
  return ask(gettext("Add a section"), fields, gettext("Add"), () => {
    const named = title.value.trim();
    if (!named && !prefix.value && !match.value) return { problem: gettext("Enter a title, a prefix or an expression.") };
    if (match.value && !compiled(match.value)) return { problem: gettext("This is not a regular expression.") };
    const rule = match.value ? { match: match.value } : prefix.value ? { prefix: prefix.value } : {};
    return { ...rule, ...(named ? { title: named } : {}) };
  });
}
