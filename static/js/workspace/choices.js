/** Choices of visible runs, groups and panels: each goes to the address, and from there to the page. */

import { gettext } from "../i18n.js";
import { writeChoice } from "./address.js";
import { MOST_VISIBLE, added, allShown, removed, soloed, toggled, visible } from "./visibility.js";

export class Choices {
  /** `visibleRuns`: a `VisibleRuns`. `hooks`: changed() after a choice, groups() of the charts, isWhole() whether they have all runs, problem(text). */
  constructor(visibleRuns, hooks) {
    Object.assign(this, { visibleRuns, hooks });
  }

  /** Apply fields of a choice (address.js). */
  apply(changed) {
    const address = location.pathname + writeChoice(location.search, { ...this.visibleRuns.choice, ...changed });
    if (address === location.pathname + location.search) return;
    history.pushState(null, "", address);
    this.hooks.changed();
    // The server knows runs that are not on this page, and the links of the filters are to keep the choice.
    document.dispatchEvent(new Event("refresh-runs"));
  }

  /** Apply a choice of visible runs, unless too many would be visible. */
  #applyRuns(next) {
    const isTooMany = Math.max(visible(next, this.visibleRuns.listed).length, next.show.length) > MOST_VISIBLE;
    this.hooks.problem(isTooMany ? gettext("At most {n} runs can be visible.", { n: MOST_VISIBLE }) : "");
    if (!isTooMany) this.apply(next);
  }

  #isGroup(key) {
    return this.hooks.isWhole?.() && !this.visibleRuns.runs.has(key);
  }

  /** Show or hide a run, or a group of runs. */
  toggle(key) {
    const { choice, listed } = this.visibleRuns;
    this.before = { key, choice };
    if (!this.#isGroup(key) && !this.hooks.isWhole?.()) return this.#applyRuns(toggled(choice, listed, key));
    return this.apply({ hide: choice.hide.includes(key) ? choice.hide.filter((other) => other !== key) : [...choice.hide, key] });
  }

  /**
   * Show a run or a group alone, or the others again. The first of two clicks has toggled it, and another one may stand in
   * its place: the second is about the first, and begins with the choice before it.
   */
  solo(pointed, clicks = 1) {
    const { key, choice } = clicks > 1 && this.before ? this.before : { key: pointed, choice: this.visibleRuns.choice };
    if (!this.#isGroup(key)) return this.apply(soloed(choice, key));
    const keys = this.hooks.groups().map((group) => group.key);
    const others = keys.filter((other) => other !== key);
    const hide = choice.hide.filter((hidden) => !keys.includes(hidden));
    return this.apply({ hide: others.every((other) => choice.hide.includes(other)) ? hide : [...hide, ...others] });
  }

  showAll(isShown) {
    this.apply(allShown(this.visibleRuns.choice, isShown));
  }

  add(id) {
    this.#applyRuns(added(this.visibleRuns.choice, this.visibleRuns.listed, id));
  }

  remove(key) {
    this.apply(removed(this.visibleRuns.choice, this.visibleRuns.listed, key));
  }
}
