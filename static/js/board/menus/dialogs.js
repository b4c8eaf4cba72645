/** Dialogs of boards: a name, a text, a chart, a section. Each resolves with what was entered, or null. */

import { compiled } from "../../chart/expressions.js";
import { ask } from "../../shared/dialog.js";
import { field, make } from "../../dom.js";
import { gettext } from "../../i18n.js";
import { showText } from "../texts.js";

/** Milliseconds after a key until the preview is rendered. */
const PAUSE = 200;
const INVALID = gettext("This is not a regular expression.");

/** Ask for a name. */
export function askName(title, submit, value = "") {
  const input = make("input", { value, required: true, maxLength: 100, autocomplete: "off" });
  return ask({ title, fields: [field(gettext("Name"), input)], submit, save: () => input.value.trim() || undefined });
}

/** Ask whether to go on. */
export function confirm(title, text, submit) {
  return ask({ title, fields: [make("p", { textContent: text })], submit, save: () => true });
}

/** Ask for a Markdown text; a preview stands below it. */
export function askText(title, value = "") {
  const input = make("textarea", { value, rows: 8, maxLength: 100_000, required: true });
  const preview = make("div", { className: "markdown prose preview" });
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => showText(preview, input.value), PAUSE);
  });
  showText(preview, value);
  return ask({ title, fields: [field(gettext("Markdown"), input), preview], submit: gettext("Save"), save: () => input.value });
}

/** Ask for a chart: metrics that are picked from `names`, or a regular expression. */
export function askChart(names) {
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
  const save = () => {
    const metrics = [...list.querySelectorAll(":checked")].map(({ value }) => value);
    if (!metrics.length && !match.value) throw new Error(gettext("Choose metrics, or enter a regular expression."));
    if (!metrics.length && !compiled(match.value)) throw new Error(INVALID);
    const named = title.value.trim() || (metrics.length > 1 ? metrics.join(", ").slice(0, 255) : "");
    return { ...(metrics.length ? { metrics } : { match: match.value }), ...(named && { title: named }) };
  };
  return ask({ title: gettext("Add a chart"), fields, submit: gettext("Add"), save });
}

/** Ask for a section: a title, and a prefix or a regular expression of the metrics in it. */
export function askSection() {
  const [title, prefix, match] = [255, 255, 500].map((maxLength) => make("input", { maxLength, autocomplete: "off", spellcheck: false }));
  const fields = [field(gettext("Title"), title), field(gettext("Metrics that begin with"), prefix), field(gettext("or match the regular expression"), match)];
  const save = () => {
    const named = title.value.trim();
    if (!named && !prefix.value && !match.value) throw new Error(gettext("Enter a title, a prefix or an expression."));
    if (match.value && !compiled(match.value)) throw new Error(INVALID);
    const rule = match.value ? { match: match.value } : prefix.value ? { prefix: prefix.value } : {};
    return { ...rule, ...(named && { title: named }) };
  };
  return ask({ title: gettext("Add a section"), fields, submit: gettext("Add"), save });
}
