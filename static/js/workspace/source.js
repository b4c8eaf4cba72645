/** Curves of a changing set of runs, or of groups of them: a source of curves (see chart/chart.js). */

import { siteAddress } from "../http.js";
import { mergeEqual } from "../chart/data/equal_x.js";
import { overMetric } from "../chart/data/over_metric.js";
import { Series } from "../chart/data/series.js";
import { Loader } from "../chart/loader.js";
import { lookAt } from "../chart/render/colours.js";
import { gettext } from "../i18n.js";
import { CurveCache } from "./curve_cache.js";

/** Most numbers per chart: two dozen charts share one response, which is limited. */
const MOST_NUMBERS = 100_000;
const [COLUMNS, GROUP_COLUMNS] = [2, 10];
const FEWEST = 16;
const REST = "";

export class OverlaySource {
  /** Whether x is counted from the start of each run where an axis has an origin. */
  isAcrossRuns = true;

  constructor() {
    this.runs = new Map();
    this.loader = new Loader(siteAddress("/series"));
    this.cache = new CurveCache();
    this.groups = this.version = 0;
  }

  /** Show these runs: [{key, label, …look}]. Only curves that are new are fetched. */
  setRuns(runs) {
    const before = [...this.runs.keys()].join();
    this.runs = new Map(runs.map((run) => [run.key, run]));
    if ([...this.runs.keys()].join() !== before) this.version += 1;
  }

  /** Fetch the curves of these runs again: they have new points. */
  forget(keys) {
    this.cache.forget(keys);
    this.version += 1;
  }

  /** Apply a choice. `groups`: number of groups. */
  configure({ group, band }, groups) {
    this.groups = groups;
    const asked = JSON.stringify([group, band]);
    if (this.asked !== undefined && this.asked !== asked) this.version += 1;
    Object.assign(this, { group, band, asked });
  }

  /** A response for an outdated choice is fetched again; one that is needed once is not remembered. */
  async load(name, options, isOnce = false) {
    const { asked } = this;
    const query = this.#query(options);
    const cache = isOnce ? new CurveCache() : this.cache;
    const answer = this.group ? await this.#loadGroups(name, query) : await this.#loadRuns(name, query, cache);
    return asked === this.asked ? answer : this.load(name, options, isOnce);
  }

  #query(options) {
    const query = { ...options };
    // The server accepts no time before the start of a run.
    if (query.time_range) query.time_range = query.time_range.split(":").map((end) => Math.max(0, end)).join(":");
    const columns = COLUMNS * this.runs.size + GROUP_COLUMNS * this.groups;
    // Half of what the chart of one run asks for, however few curves there are: more points would be another request.
    const points = Math.floor(query.points / 2);
    query.points = Math.max(FEWEST, Math.min(points, Math.floor(MOST_NUMBERS / Math.max(1, columns))));
    return query;
  }

  async #loadGroups(name, query) {
    if (!this.runs.size) return { groups: [], series: [] };
    const ids = [...this.runs.keys()].join();
    return { ...(await this.loader.load(name, { ...query, group_by: this.group, ids })), points: query.points };
  }

  async #loadRuns(name, query, cache) {
    const kind = query.smoothed_only ? "smoothed " : "";
    if (!kind) query.band = true;
    const [ids, found] = [[...this.runs.keys()], cache.curves(kind + name, JSON.stringify(query))];
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length) {
      const loaded = this.loader.load(name, { ...query, ids: missing.join() }).then((answer) => curvesById(name, answer));
      for (const id of missing) found.set(id, loaded);
      loaded.catch(() => missing.forEach((id) => found.delete(id)));
    }
    const curves = await Promise.all(ids.map(async (id) => [id, (await found.get(id))?.get(id)]));
    return { found: curves.filter(([, one]) => one) };
  }

  curves(name, answer) {
    if (answer.groups) return this.#groups(name, answer);
    return answer.found.filter(([id]) => this.runs.has(id)).map(([id, curve]) => ({ ...this.runs.get(id), ...curve }));
  }

  #groups(name, { groups, series: each, points }) {
    const [low, high] = this.band.split("-");
    const cut = new Set(each.filter((one) => one.name === name && one.count > one.x.length).map(({ id }) => id));
    const numbers = (values) => values.map((value) => value ?? NaN);
    return this.groupEntries(groups).flatMap((entry, i) => {
      const part = groups[i].series.find((one) => one.name === name);
      if (!part) return [];
      const series = Series.from({ name, kind: "float", x: part.x, y: part.mean, count: part.x.length }, -1);
      // What the group is like was read at every place its runs have, or at as many as were asked for.
      const thinned = part.x.length >= points || groups[i].ids.some((id) => cut.has(id));
      return [{ ...entry, series, thinned, band: { x: part.x, low: numbers(part[low]), high: numbers(part[high]) } }];
    });
  }

  /** Return the groups of an answer for the legend, each in its own colour. */
  groupEntries(groups) {
    const key = this.group.replace(/^config\./, "");
    return groups.map(({ value, ids }, i) => ({
      key: value ?? REST,
      ids,
      label: `${value === null ? gettext("no {key}", { key }) : `${key} ${value}`} (${ids.length})`,
      ...lookAt(i),
    }));
  }
}

function curvesById(name, { series }) {
  const parts = series.filter((part) => part.name === name).map((part) => mergeEqual(overMetric(part)));
  return new Map(parts.map((part) => [part.id, { series: Series.from(part, -1), band: part.band }]));
}
