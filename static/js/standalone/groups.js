/** Groups, densities and differences of a saved page: a source of charts (see chart/chart.js) that answers from the page itself. */

import { binnedCurves, groupEntries, namedEntries } from "../workspace/distribution.js";

/** Options that only a density is asked for by. */
const OF_DENSITY = new Set(["density", "scale", "everything"]);

export class SavedGroups {
  isAcrossRuns = true;
  isBinned = true;

  /** `choice`: what is drawn; `answers`: [{name, query, metric}], as `board/menus/boards.js` saves them. */
  constructor({ choice, answers }) {
    this.choice = { ...choice, runs: new Map(choice.runs.map((run) => [run.key, run])) };
    this.answers = answers;
  }

  /** Return the entries of a legend: the groups, or the named runs of a density. */
  get entries() {
    const metric = this.answers.map((answer) => answer.metric).find(({ runs }) => runs);
    if (!metric) return [];
    if (this.choice.isDensity) return [...namedEntries(metric).values()].toReversed();
    return this.choice.group ? groupEntries(metric) : [...this.choice.runs.values()];
  }

  load(name, options) {
    return Promise.resolve({ options });
  }

  curves(name, { options }) {
    const saved = this.answers.filter((answer) => answer.name === name);
    // A chart of other settings than those that were saved shows what there is.
    const match = saved.find(({ query }) => Object.entries(query).every(([key, value]) => OF_DENSITY.has(key) || options[key] === value)) ?? saved[0];
    return match ? binnedCurves(match.metric, this.choice) : [];
  }
}
