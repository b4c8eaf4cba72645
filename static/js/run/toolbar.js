/** The one toolbar of all charts. What it says is the address, so a link shows a colleague the same view. */

import { axisOf, OFFERED, parameterOf, settingsAt } from "../chart/axes.js";
import { amountOf, placeOf, smoothingAt } from "../chart/smoothing.js";
import { formatNumber } from "../chart/text/format.js";
import { make } from "../dom.js";
import { gettext } from "../i18n.js";
import { keep, kept } from "../shared/kept.js";
import { setParameters } from "../shared/query.js";
import { readSettings, writeSettings } from "./settings_address.js";

/** On a phone the settings have what is in the row elsewhere: the axis, the smoothing, and the groups of the workspace. */
const PHONE = matchMedia("(max-width: 640px)");

/** Open the settings that are not in the row below their button, at its right edge. */
function wireSettings(form) {
  const settings = form.querySelector("[popover]");
  if (!settings) return;
  const rows = [...document.querySelectorAll("#chart-tools > :is(.segments, [name=over], .smooth), #group-tools > label")];
  const marks = rows.map((row) => [row, document.createComment("")]);
  for (const [row, mark] of marks) row.before(mark);
  const place = () => {
    if (PHONE.matches) settings.querySelector(".on-phones").append(...rows);
    else for (const [row, mark] of marks) mark.after(row);
  };
  PHONE.addEventListener("change", place);
  place();
  settings.addEventListener("beforetoggle", ({ newState }) => {
    const { bottom, right } = form.querySelector("[popovertarget]").getBoundingClientRect();
    if (newState === "open") Object.assign(settings.style, { top: `${bottom + 4}px`, left: "auto", right: `${Math.max(8, document.documentElement.clientWidth - right)}px` });
  });
}

/** The toolbar's form: shows settings, and calls `changed(settings)` when the user or the Back button changes them. */
export class Toolbar {
  constructor(form, origin, changed) {
    const { over } = form.elements;
    const metrics = [...(over?.options ?? [])].map(({ value }) => value).filter(Boolean);
    const { project } = form.dataset;
    Object.assign(this, { form, origin, changed, metrics, place: project && `runicorn.x.${project}` });
    this.#recall();
    this.settings = readSettings(location.search, origin, metrics);
    form.elements.axis.append(...OFFERED.map(({ key, label }) => make("label", {}, make("input", { type: "radio", name: "x", value: key }), label)));
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", ({ target }) => {
      if (target.name === "x" && over) over.value = "";
      this.#fromForm(true);
      if (this.place && (target.name === "x" || target === over)) keep(this.place, parameterOf(this.settings) || null);
    });
    form.addEventListener("input", ({ target }) => {
      // A box or a choice is settled at once, by the event that follows.
      if (target.type === "range" || target.type === "search") this.#fromForm(false);
    });
    form.elements.whole.addEventListener("click", () => this.zoom(null));
    wireSettings(form);
    addEventListener("popstate", () => this.#apply(readSettings(location.search, origin, metrics)));
    this.#show();
  }

  /** Put the x axis that was last chosen for the project into an address without one. */
  #recall() {
    const x = this.place && kept(this.place);
    if (!x || new URLSearchParams(location.search).has("x")) return;
    if (this.metrics.includes(x) || OFFERED.some(({ key }) => key === x)) setParameters({ x });
  }

  /** Zoom all charts to `range`, or show everything again. Steps are whole, times are exact to a millisecond. */
  zoom(range) {
    if (!range && !this.settings.range) return;
    const ends = range && axisOf(this.settings).rounded(range);
    this.#apply({ ...this.settings, range: ends }, true);
  }

  #fromForm(settled) {
    const { x, over, smooth, method, log, logx, spread, charts } = this.form.elements;
    const axis = { xMetric: undefined, ...settingsAt(over?.value || x.value, this.metrics) };
    // A range of steps means nothing on an axis of time, or of a metric.
    const isSame = axisOf(axis).source === axisOf(this.settings).source && axis.xMetric === this.settings.xMetric;
    const range = isSame ? this.settings.range : null;
    const chosen = { log: log.checked, logx: logx.checked, spread: spread.value, filter: charts.value };
    this.#apply({ ...this.settings, ...axis, range, smoothing: smoothingAt(method.value, Number(smooth.value)), ...chosen }, settled);
  }

  /** Only a settled change is worth a step of the Back button. */
  #apply(settings, settled) {
    const address = location.pathname + writeSettings(location.search, settings);
    const same = address === location.pathname + location.search;
    if (settled !== undefined && !same) {
      if (settled) history.pushState(null, "", address);
      else history.replaceState(null, "", address);
    }
    this.settings = settings;
    this.#show();
    this.changed(settings);
  }

  #show() {
    const { axis, smoothing, log, logx, spread, range, filter } = this.settings;
    const { elements } = this.form;
    elements.x.value = axis;
    if (elements.over) elements.over.value = this.settings.xMetric ?? "";
    if (smoothing) elements.method.value = smoothing.method;
    if (document.activeElement !== elements.smooth || !smoothing) elements.smooth.value = placeOf(smoothing);
    const amount = amountOf(smoothing);
    elements.smoothed.value = smoothing ? (amount < 1 ? amount.toFixed(2) : formatNumber(amount)) : gettext("off");
    elements.log.checked = log;
    elements.logx.checked = logx;
    elements.logx.disabled = !axisOf(this.settings).hasLog;
    elements.spread.value = spread;
    if (elements.charts.value !== filter) elements.charts.value = filter;
    elements.whole.hidden = !range;
    if (!range) return;
    const [from, to] = range.map((end) => axisOf(this.settings).textOf(end, this.settings));
    elements.whole.textContent = `${from} – ${to} ✕`;
  }
}
