/** The curves of several runs, or of groups of them: a source of curves (see chart/chart.js). */

import { Series } from "../chart/data/series.js";
import { Loader } from "../chart/loader.js";
import { assign } from "../chart/render/colours.js";
import { gettext } from "../i18n.js";

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
    this.requested = "";
  }

  /**
   * Apply a choice; return whether loaded curves are outdated. `groups` is the number of groups.
   */
  configure({ group, band }, axis, groups) {
    this.columns = COLUMNS * this.runs.size + GROUP_COLUMNS * groups;
    const requested = JSON.stringify([group, band, axis]);
    const changed = this.requested !== "" && this.requested !== requested;
    Object.assign(this, { group, band, axis, requested });
    return changed;
  }

  /** A response for an outdated choice is fetched again. */
  async load(name, options) {
    const { requested } = this;
    const query = { ...options };
    if (query.x === "time" && this.axis !== "time") query.x = "relative";
    // The server accepts no time before the start of a run.
    if (query.time_range) query.time_range = query.time_range.split(":").map((end) => Math.max(0, end)).join(":");
    if (this.group) query.group_by = this.group;
    query.points = Math.max(FEWEST, Math.min(query.points, Math.floor(MOST_NUMBERS / this.columns)));
    const response = await this.loader.load(name, query);
    response.points = query.points;
    return requested === this.requested ? response : this.load(name, options);
  }

  curves(name, response) {
    return this.group && response.groups ? this.#groupCurves(name, response) : this.#runCurves(name, response);
  }

  #runCurves(name, response) {
    return response.series
      .filter((part) => part.name === name && this.runs.has(part.id))
      .map((part) => ({ ...this.runs.get(part.id), series: Series.from(part, -1) }));
  }

  #groupCurves(name, { groups, series: runs, points }) {
    const [low, high] = this.band.split("-");
    const sampled = new Set(runs.filter((run) => run.name === name && run.count > run.x.length).map(({ id }) => id));
    const numbers = (values) => values.map((value) => value ?? NaN);
    return this.groupEntries(groups).flatMap((entry, i) => {
      const part = groups[i].series.find((candidate) => candidate.name === name);
      if (!part) return [];
      const series = Series.from({ name, kind: "float", x: part.x, y: part.mean, count: part.x.length }, -1);
      // Group statistics exist at every x of its runs, or at the requested number of points.
      const thinned = part.x.length >= points || groups[i].ids.some((id) => sampled.has(id));
      return [{ ...entry, series, thinned, band: { x: part.x, low: numbers(part[low]), high: numbers(part[high]) } }];
    });
  }

  /** Return the groups of a response for the legend, each with its own colour. */
  groupEntries(groups) {
    const keys = groups.map(({ value }) => value ?? REST);
    const styles = assign(keys);
    const key = this.group.replace(/^config\./, "");
    return groups.map(({ value, ids }, i) => ({
      key: keys[i],
      label: `${value === null ? gettext("no {key}", { key }) : `${key} ${value}`} (${ids.length})`,
      ...styles.get(keys[i]),
    }));
  }
}
