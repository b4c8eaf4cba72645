/** A saved page: charts of the points that are in it, without a server. */

import { OFFERED, isTimeOnly } from "../chart/axes.js";
import { ChartController } from "../chart/controller.js";
import { make } from "../dom.js";
import { gettext } from "../i18n.js";
import { EmbeddedSource } from "./source.js";

const data = JSON.parse(document.getElementById("data").textContent);
const charts = document.getElementById("charts");
const form = document.getElementById("tools");
let settings = { axis: "step", log: false, logx: false, smoothing: null, range: null, origin: data.origin, spread: "auto", hidden: [] };

const controller = new ChartController(charts, new EmbeddedSource(data), settings, { zoom: (range) => configure({ range }) });

function configure(changes) {
  settings = { ...settings, ...changes };
  whole.disabled = !settings.range;
  controller.configure(settings);
}

const hasSteps = data.metrics.some(({ time_only }) => !time_only);
const axes = OFFERED.filter(({ key }) => hasSteps || isTimeOnly(key));
const axis = make("select", { ariaLabel: gettext("x axis") }, ...axes.map(({ key, label }) => make("option", { value: key }, label)));
axis.addEventListener("change", () => configure({ axis: axis.value, range: null }));
const log = make("input", { type: "checkbox" });
log.addEventListener("change", () => configure({ log: log.checked }));
const search = make("input", { type: "search", placeholder: gettext("Filter charts"), ariaLabel: gettext("Filter charts") });
search.addEventListener("input", () => {
  for (const figure of charts.querySelectorAll("figure[data-name]")) {
    figure.hidden = !figure.dataset.name.toLowerCase().includes(search.value.toLowerCase());
  }
});
const whole = make("button", { type: "button", disabled: true }, gettext("Show everything"));
whole.addEventListener("click", () => configure({ range: null }));
form.append(search, axis, make("label", {}, log, gettext("Log scale")), whole);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
if (!hasSteps) configure({ axis: axes[0].key });
