/** The panels beside the list: fetched when they are opened, and again when their runs changed. */

import { fragment, siteAddress } from "../http.js";
import { writeChoice } from "./address.js";

export class Panels {
  /** `key` stands for the runs of the page's own panel. `hooks`: choose(change), opened(name, section, isNew) after a panel is shown, newer(name, section) with a newer one, failed(text). */
  constructor(holder, tabs, key, hooks) {
    Object.assign(this, { holder, tabs, hooks });
    this.open = tabs.querySelector("[aria-current]").dataset.tab;
    this.marks = new Map([[this.open, { key }]]);
    this.sections = new Map();
    this.sections.set(this.open, holder.firstElementChild);
    tabs.addEventListener("click", (event) => {
      const tab = event.target.closest("[data-tab]");
      if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      hooks.choose({ tab: tab.dataset.tab });
    });
  }

  /** Show the panel of a choice (address.js); fetch it if the page does not have it for the runs that `key` stands for. */
  async show(choice, key) {
    const name = choice.tab;
    this.open = name;
    for (const tab of this.tabs.querySelectorAll("[data-tab]")) {
      tab.href = writeChoice(location.search, { ...choice, tab: tab.dataset.tab });
      tab.ariaCurrent = tab.dataset.tab === name || null;
    }
    if (this.marks.get(name)?.key !== key) await this.refresh(key);
    for (const [panel, section] of this.sections) section.hidden = panel !== this.open;
    this.holder.parentElement.dataset.panel = this.open;
  }

  /** Fetch the open panel again. */
  async refresh(key) {
    const name = this.open;
    const mark = this.marks.get(name) ?? {};
    this.marks.set(name, mark);
    const query = new URLSearchParams(location.search);
    query.set("tab", name);
    try {
      const text = await fragment(siteAddress(`/runs-panel?${query}`), mark);
      mark.key = key;
      this.hooks.failed("");
      if (text !== null) this.#take(name, new DOMParser().parseFromString(text, "text/html").body.firstElementChild);
    } catch (error) {
      this.hooks.failed(error.message);
    }
  }

  #take(name, section) {
    const old = this.sections.get(name);
    if (old && (name === "charts" || "kept" in old.dataset)) {
      this.hooks.newer(name, section);
      return;
    }
    const fresh = document.adoptNode(section);
    this.sections.set(name, fresh);
    fresh.hidden = name !== this.open;
    if (old) old.replaceWith(fresh);
    else this.holder.append(fresh);
    this.hooks.opened(name, fresh);
  }
}
