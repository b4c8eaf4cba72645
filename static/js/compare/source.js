/** The curves of several runs, or of groups of them: a source of curves (see chart/chart.js). */

import { Series } from "../chart/data/series.js";
import { Loader } from "../chart/loader.js";
import { assign } from "../chart/render/colours.js";

/** Most numbers per chart: two dozen charts share one response, which is limited. */
const MOST_NUMBERS = 100_000;
const [COLUMNS, GROUP_COLUMNS] = [2, 10];
const FEWEST = 16;
const REST = "";

export class OverlaySource {
  /** `runs`: [{key, label, colour, dash}]. */
  constructor(runs) {
    this.runs = new Map(runs.map((run) => [run.key, run]));
    const ids = runs.map(({ key }) => encodeURIComponent(key)).join(",");
    this.loader = new Loader(`/series?ids=${ids}`);
    this.asked = "";
    this.looks = new Map();
  }

  /**
   * Apply a choice; return whether loaded curves are outdated. `groups` is the number of groups.
   */
  configure({ group, band }, axis, groups) {
    this.columns = COLUMNS * this.runs.size + GROUP_COLUMNS * groups;
    const asked = JSON.stringify([group, band, axis]);
    const changed = this.asked !== "" && this.asked !== asked;
    Object.assign(this, { group, band, axis, asked });
    return changed;
  }

  /** A response for an outdated choice is fetched again. */
  async load(name, options) {
    const { asked } = this;
    const query = { ...options };
    if (query.x === "time" && this.axis !== "time") query.x = "relative";
    // The server accepts no time before the start of a run.
    if (query.time_range) query.time_range = query.time_range.split(":").map((end) => Math.max(0, end)).join(":");
    if (this.group) query.group_by = this.group;
    query.points = Math.max(FEWEST, Math.min(query.points, Math.floor(MOST_NUMBERS / this.columns)));
    const answer = await this.loader.load(name, query);
    answer.places = query.points;
    return asked === this.asked ? answer : this.load(name, options);
  }

  curves(name, answer) {
    return this.group && answer.groups ? this.#groups(name, answer) : this.#each(name, answer);
  }

  #each(name, answer) {
    return answer.series
      .filter((part) => part.name === name && this.runs.has(part.id))
      .map((part) => ({ ...this.runs.get(part.id), series: Series.from(part, -1) }));
  }

  #groups(name, { groups, series: each, places }) {
    const [low, high] = this.band.split("-");
    const cut = new Set(each.filter((one) => one.name === name && one.count > one.x.length).map(({ id }) => id));
    const numbers = (values) => values.map((value) => value ?? NaN);
    return this.groupEntries(groups).flatMap((entry, i) => {
      const part = groups[i].series.find((one) => one.name === name);
      if (!part) return [];
      const series = Series.from({ name, kind: "float", x: part.x, y: part.mean, count: part.x.length }, -1);
      // What the group is like was read at every place its runs have, or at as many as were asked for.
      const thinned = part.x.length >= places || groups[i].ids.some((id) => cut.has(id));
      return [{ ...entry, series, thinned, band: { x: part.x, low: numbers(part[low]), high: numbers(part[high]) } }];
    });
  }

  /** The groups of an answer for the legend, each in its own colour. */
  groupEntries(groups) {
    const keys = groups.map(({ value }) => value ?? REST);
    const looks = assign(keys);
    const what = this.group.replace(/^config\./, "");
    return groups.map(({ value, ids }, i) => ({
      key: keys[i],
      label: `${value === null ? `without ${what}` : `${what} ${value}`} (${ids.length})`,
      ...looks.get(keys[i]),
    }));
  }
}
