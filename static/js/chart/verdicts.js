/** Verdicts of curves on a baseline: one request for all charts of a page, after the first curves. */

import { make } from "../dom.js";
import { requestAgain, siteAddress } from "../http.js";
import { groupKey } from "./data/names.js";

/** Metrics of a request, and characters of its address. */
const [MOST, LONGEST] = [100, 6000];
/** Milliseconds to the next request: of other runs, which a user may choose one after the other, and after new points. */
const [SHORT, PAUSE] = [200, 3000];

export class Verdicts {
  /** `controller`: of the charts. `changed()` is called when verdicts came; `run`: the one run of a page, whose curves have other keys. */
  constructor(controller, changed = () => {}, run = undefined) {
    Object.assign(this, { controller, changed, run, asked: "", metrics: new Map() });
    controller.verdicts = this;
  }

  /** Ask for those on the runs that a query ([[name, value], …] or null) selects; `isNewer`: they have new points. */
  ask(query, isNewer = false) {
    const names = query ? [...new Set(this.controller.queries().map(([name]) => name))].slice(0, MOST) : [];
    const address = () => `${siteAddress("/series/verdicts")}?${new URLSearchParams([...query, ...names.map((name) => ["names", name])])}`;
    while (names.length > 1 && address().length > LONGEST) names.pop();
    const asked = names.length ? address() : "";
    if (asked === this.asked && !(asked && isNewer)) return;
    if (asked !== this.asked) clearTimeout(this.timer);
    else if (this.timer) return;
    this.asked = asked;
    this.timer = setTimeout(() => this.#load(asked), asked && isNewer ? PAUSE : SHORT);
  }

  async #load(asked) {
    this.timer = 0;
    // Without an answer charts are as without a baseline: the next points ask again.
    const [answer] = asked ? await requestAgain(asked).catch(() => []) : [{ metrics: [] }];
    if (!answer || asked !== this.asked) return;
    const entries = ({ verdicts }) => new Map(verdicts.map((entry) => [entry.id ?? groupKey(entry.key), entry]));
    this.metrics = new Map(answer.metrics.map((metric) => [metric.name, entries(metric)]));
    this.controller.judged();
    this.changed();
  }

  /** Return {verdict, short, text} of a run or group in a metric, if there is one. */
  of(metric, key) {
    return this.metrics.get(metric)?.get(this.run ?? key);
  }
}

/** Make the verdict of a legend: short, whole in its tooltip and for screen readers; empty without one. */
export function verdictMark(entry) {
  return restyleMark(make("span", {}, make("span", { "aria-hidden": "true" }), make("span", { className: "for-readers" })), entry);
}

/** Make it that of another entry. */
export function restyleMark(mark, entry) {
  if (mark.entry === entry) return mark;
  const [short, text] = mark.children;
  Object.assign(mark, { entry, className: entry ? `verdict ${entry.verdict}` : "", title: entry?.text ?? "" });
  short.textContent = entry?.short ?? "";
  text.textContent = entry?.text ?? "";
  return mark;
}
