/** Settings of one chart in its menu: metrics, axes, y range and smoothing. */

import { axisOf, OFFERED } from "../axes.js";
import { field, isSaved, make, textButton } from "../../dom.js";
import { gettext } from "../../i18n.js";
import { compiled } from "../expressions.js";
import { METHODS, amountOf, makeSmoothing } from "../smoothing.js";
import { choice, row } from "./fields.js";

const USUAL = { ema: 0.9, time_ema: 0.9, mean: 20, gaussian: 5 };

/** Return the fields of the options of a chart; `change(options)` is called with new ones, `refill` where fields change. */
export function settingsFields(chart, change, refill) {
  const names = chart.hooks.metrics();
  const setter = (apply) => (changed) => {
    const options = { ...chart.hooks.options(), ...changed };
    for (const [name, value] of Object.entries(options)) if (value === undefined) delete options[name];
    apply(options);
  };
  const set = setter(change);
  // The server smooths, so a saved page has the smoothed curves that were shown when it was saved.
  const smoothed = isSaved ? [] : [smoothing(chart, set)];
  return [metrics(chart, names, setter(refill)), axes(chart, names, set), range(chart, set), ...smoothed];
}

function metrics(chart, names, set) {
  const { match } = chart.hooks.options();
  const list = make("ul", { className: "chosen" });
  const put = (metrics) => set({ match: undefined, metrics: metrics.join() === chart.name ? undefined : metrics });
  const several = chart.names.length > 1 || chart.names[0] !== chart.name;
  if (match) list.append(make("li", {}, make("bdi", { textContent: `/${match}/` }), remove(`/${match}/`, () => put([chart.name]))));
  else if (several) {
    for (const name of chart.names) list.append(make("li", {}, make("bdi", { textContent: name }), remove(name, () => put(chart.names.filter((other) => other !== name)))));
  }
  const input = make("input", { name: "metric", autocomplete: "off", placeholder: gettext("Metric or /expression/"), list: "chart-metrics" });
  const error = make("p", { className: "error", role: "alert" });
  const add = () => {
    const text = input.value.trim();
    const expression = /^\/(.+)\/$/.exec(text)?.[1];
    if (expression && compiled(expression) && names.some((name) => compiled(expression).test(name))) set({ match: expression, metrics: undefined });
    else if (names.includes(text)) put([...new Set([...chart.names, text])]);
    else error.textContent = text ? gettext("No metric matches “{text}”.", { text }) : "";
  };
  input.addEventListener("change", add);
  const options = make("datalist", { id: "chart-metrics" }, ...names.map((value) => make("option", { value })));
  return row(gettext("Metrics"), list, field(gettext("Add a metric"), input), options, error);
}

function remove(name, action) {
  return textButton("✕", action, { className: "button quiet small", "aria-label": gettext("Remove {label}", { label: name }) });
}

function axes(chart, names, set) {
  const { settings, hooks } = chart;
  const x = choice("x", [["", gettext("as the page")], ...OFFERED.map(({ key, label }) => [key, label]), [names, gettext("Metrics")]]);
  x.value = hooks.options().x ?? "";
  x.addEventListener("change", () => set({ x: x.value || undefined }));
  const logs = [["x_log", "logx", gettext("Log x")], ["y_log", "log", gettext("Log y")]].map(([name, setting, label]) => {
    const box = make("input", { type: "checkbox", name, checked: settings[setting], disabled: name === "x_log" && !axisOf(settings).hasLog });
    box.addEventListener("change", () => set({ [name]: box.checked }));
    return make("label", { className: "check" }, box, label);
  });
  return row(gettext("Axes"), field(gettext("X axis"), x), ...logs);
}

function range(chart, set) {
  const ends = chart.hooks.options().y_range ?? [null, null];
  const inputs = ["low", "high"].map((name, i) => make("input", { name, type: "number", step: "any", value: ends[i] ?? "", placeholder: gettext("auto") }));
  const error = make("p", { className: "error", role: "alert" });
  const put = () => {
    const [low, high] = inputs.map(({ value }) => (value === "" ? null : Number(value)));
    if (low !== null && high !== null && low >= high) error.textContent = gettext("The minimum must be below the maximum.");
    else set({ y_range: low === null && high === null ? undefined : [low, high] });
  };
  for (const input of inputs) input.addEventListener("change", put);
  return row(gettext("Y range"), field(gettext("Minimum"), inputs[0]), field(gettext("Maximum"), inputs[1]), error);
}

function smoothing(chart, set) {
  const own = chart.hooks.options().smoothing;
  const method = choice("method", [["", gettext("as the page")], ["none", gettext("off")], ...Object.entries(METHODS)]);
  method.value = own?.method ?? "";
  const amount = make("input", { name: "amount", type: "number", min: 0, step: "any", value: amountOf(own) || "", disabled: !amountOf(own) });
  const put = (value) => {
    const chosen = makeSmoothing(method.value, value);
    Object.assign(amount, { value: amountOf(chosen) || "", disabled: !USUAL[method.value] });
    set({ smoothing: method.value === "none" ? { method: "none" } : (chosen ?? undefined) });
  };
  method.addEventListener("change", () => put(USUAL[method.value]));
  amount.addEventListener("change", () => put(Number(amount.value)));
  return row(gettext("Smoothing"), field(gettext("Method"), method), field(gettext("Weight or window"), amount));
}
