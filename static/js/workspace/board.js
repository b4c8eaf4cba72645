/**
 * The charts of the visible runs: what the workspace asks of them.
 *   show(runs)           draw these runs ([{key, label, colour, dash}]), in this order
 *   refresh(keys)        fetch the new points of these runs
 *   configure(settings)  apply settings of the toolbar, and `hidden` keys of groups
 *   merge(section)       take over the sections and charts of a newer charts panel; charts that stay keep their curves
 *   highlight(key)       draw one curve above the others
 */

import { ChartController } from "../chart/controller.js";
import { filterFigures } from "../run/groups.js";

export class Board {
  /** `section`: the charts panel. `source`: an `OverlaySource`. `hooks`: those of the `ChartController`. */
  constructor(section, source, settings, hooks) {
    Object.assign(this, { section, source });
    this.controller = new ChartController(section, source, settings, hooks);
    filterFigures(section, settings.filter);
  }

  show(runs) {
    const { version } = this.source;
    this.source.setRuns(runs);
    this.controller.recolour((key) => this.source.runs.get(key));
    if (this.source.version !== version) this.controller.refresh();
  }

  refresh(keys) {
    this.source.forget(keys);
    this.controller.refresh();
  }

  configure(settings) {
    filterFigures(this.section, settings.filter);
    this.controller.configure(settings);
  }

  highlight(key) {
    this.controller.highlight(key);
  }

  merge(newer, settings) {
    const groups = this.section.querySelector(".groups");
    const figures = byName(this.section, "figure[data-name]", "name");
    const sections = byName(this.section, ".group", "group");
    const fresh = [...newer.querySelectorAll(".group")].map((group) => {
      const charts = [...group.querySelectorAll("figure[data-name]")].map((figure) => {
        const known = figures.get(figure.dataset.name);
        figures.delete(figure.dataset.name);
        return known ?? document.adoptNode(figure);
      });
      const section = sections.get(group.dataset.group) ?? document.adoptNode(group);
      arrange(section.querySelector(".charts"), charts);
      return section;
    });
    for (const name of figures.keys()) this.controller.remove(name);
    arrange(groups, fresh);
    for (const figure of groups.querySelectorAll("figure[data-name]")) {
      if (!this.controller.has(figure.dataset.name)) this.controller.add(figure);
    }
    filterFigures(this.section, settings.filter);
  }
}

function byName(root, selector, name) {
  return new Map([...root.querySelectorAll(selector)].map((one) => [one.dataset[name], one]));
}

/** Make `children` those of `parent`; those in place already are not moved. */
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
}
