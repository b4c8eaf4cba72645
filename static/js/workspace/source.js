/** Curves of a changing set of runs, or of all runs of the list in groups or as a density: a source of curves (see chart/chart.js). */

import { isShared } from "../dom.js";
import { siteAddress } from "../http.js";
import { mergeEqual } from "../chart/data/equal_x.js";
import { overMetric } from "../chart/data/over_metric.js";
import { Series } from "../chart/data/series.js";
import { Loader } from "../chart/loader.js";
import { resolutionOfEach } from "../chart/scales/x_axis.js";
import { MATCHES } from "./address.js";
import { CurveCache } from "./curve_cache.js";
import { binnedCurves } from "./distribution.js";

/** Most numbers per chart: two dozen charts share one response, which is limited. */
const MOST_NUMBERS = 100_000;
const [COLUMNS, FEWEST] = [2, 16];
/** Curves up to which the runs of a list are drawn one by one. */
export const MOST_LINES = 100;
/** Members of a group that are drawn: of more, some. */
const MOST_MEMBERS = 40;
/** Points of a curve, and members of a group, in a saved page. */
const [FILE_POINTS, FILE_MEMBERS] = [300, 8];
/** Columns of a distribution, rows of its density, and metrics per request. */
const [MOST_COLUMNS, ROWS, METRICS] = [400, 100, 4];
/** Parameters of the list that select its runs. */
const FILTERS = ["q", "project", "status", "state", "tag", "where", "archived", "runs"];

export class OverlaySource {
  /** Whether x is counted from the start of each run where an axis has an origin. */
  isAcrossRuns = true;

  constructor() {
    this.runs = new Map();
    /** Most runs that were drawn at once: with fewer of them nothing is fetched again. */
    this.most = 0;
    this.loader = new Loader(siteAddress("/series"));
    this.distributions = new Loader(siteAddress("/series/distribution"), METRICS);
    this.cache = new CurveCache();
    this.version = 0;
  }

  /** Show these runs: [{key, label, …look}]. Only curves that are new are fetched. */
  setRuns(runs) {
    const before = [...this.runs.keys()].join();
    this.runs = new Map(runs.map((run) => [run.key, run]));
    if (!this.isWhole && [...this.runs.keys()].join() !== before) this.version += 1;
  }

  /** Fetch the curves of these runs again: they have new points. */
  forget(keys) {
    this.cache.forget(keys);
    this.version += 1;
  }

  /**
   * Apply a choice (address.js). `matching`: number of runs of the list; `listed`: ids of those on the page; `search`: the
   * address; `baseline`: ids of its runs. `isWhole`: all runs are drawn, in groups or as a density; `isBinned`: curves are
   * in common columns.
   */
  configure({ group, band, of, solo, diff }, { matching, listed, search, baseline }) {
    this.isDensity = !group && of === MATCHES && matching > MOST_LINES;
    this.isWhole = Boolean(group) || this.isDensity;
    const against = baseline && diff ? { against: baseline, difference: diff } : {};
    const isBinned = this.isWhole || Boolean(against.against);
    const query = new URLSearchParams([...new URLSearchParams(search)].filter(([name, value]) => FILTERS.includes(name) && value));
    this.shared = isShared ? { layout: "charts", ...ofBoard(new URLSearchParams(search)) } : {};
    for (const [name, value] of Object.entries(this.shared)) query.set(name, value);
    const asked = JSON.stringify([group, band, solo, isBinned, against, ...(this.isWhole ? [query.toString(), matching, listed] : [])]);
    if (this.asked !== undefined && this.asked !== asked) this.version += 1;
    Object.assign(this, { group, band, solo, isBinned, against, difference: against.difference, asked, listed, filters: Object.fromEntries(query) });
    // A repeated parameter is not in an object.
    this.repeated = [...query].filter(([name], i, all) => all.findIndex(([other]) => other === name) !== i);
  }

  /** Return the groups, the density or the differences of a metric as a saved page has them. */
  async loadForFile(name, query) {
    const { metrics } = await this.#loadDistribution(name, { ...query, points: FILE_POINTS }, FILE_MEMBERS);
    return metrics.find((metric) => metric.name === name);
  }

  /** Return what the verdicts of its runs or groups on a baseline are asked for; null without one, or of a density. `column`: the metric of the list. */
  verdictQuery(baseline, column) {
    const runs = [...this.runs.keys()].join();
    if (!baseline || this.isDensity || !(this.isWhole || runs)) return null;
    const selection = this.isWhole ? [...Object.entries(this.filters), ...this.repeated, ["group_by", this.group]] : Object.entries({ runs, ...this.shared });
    return [...selection, ["against", baseline], ...(column ? [["column", column]] : [])];
  }

  /** Return what else a distribution is asked for. */
  queryOf({ log, spread }) {
    if (!this.isDensity) return {};
    return { density: ROWS, scale: log ? "log" : "linear", ...(spread === "all" && { everything: true }) };
  }

  /** A response for an outdated choice is fetched again; one that is needed once is not remembered. */
  async load(name, options, isOnce = false) {
    const { asked } = this;
    // The server accepts no time before the start of a run.
    if (options.time_range) options = { ...options, time_range: options.time_range.split(":").map((end) => Math.max(0, end)).join(":") };
    const cache = isOnce ? new CurveCache() : this.cache;
    const answer = this.isBinned ? await this.#loadDistribution(name, options) : await this.#loadRuns(name, this.#query(options), cache);
    return asked === this.asked ? answer : this.load(name, options, isOnce);
  }

  #query({ pixels, ...query }) {
    if (!pixels) return query;
    this.most = Math.max(this.most, this.runs.size);
    const resolution = resolutionOfEach(pixels, this.most);
    if (resolution.points) resolution.points = Math.max(FEWEST, Math.min(resolution.points, Math.floor(MOST_NUMBERS / (COLUMNS * this.most))));
    return { ...query, ...resolution };
  }

  async #loadDistribution(name, options, most = MOST_MEMBERS) {
    const { points, pixels = points / 2, ...query } = options;
    const ids = [...this.runs.keys()].join();
    const ofRuns = this.isWhole ? this.filters : { runs: ids, members: this.runs.size, ...this.shared };
    const ofGroups = this.group ? { group_by: this.group, members: most, ...(this.listed.length && { mark: this.listed.join() }) } : {};
    const all = { ...ofRuns, ...this.against, ...query, points: Math.min(MOST_COLUMNS, Math.floor(pixels)), ...ofGroups };
    return { ...(await this.distributions.load(name, [...Object.entries(all), ...(this.isWhole ? this.repeated : [])])), isBinned: true, isDensity: this.isDensity };
  }

  async #loadRuns(name, query, cache) {
    const kind = query.smoothed_only ? "smoothed " : "";
    if (!kind) query.band = true;
    const [ids, found] = [[...this.runs.keys()], cache.curves(kind + name, JSON.stringify(query))];
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length) {
      const loaded = this.loader.load(name, { ...query, ids: missing.join() }).then((answer) => {
        // The server is still reading journals: these curves are not remembered.
        if (answer.pending) missing.forEach((id) => found.delete(id));
        return Object.assign(curvesById(name, answer), { pending: answer.pending });
      });
      for (const id of missing) found.set(id, loaded);
      loaded.catch(() => missing.forEach((id) => found.delete(id)));
    }
    const answers = await Promise.all(ids.map((id) => found.get(id)));
    const curves = ids.map((id, i) => [id, answers[i]?.get(id)]);
    return { found: curves.filter(([, curve]) => curve), pending: answers.some((answer) => answer?.pending) };
  }

  curves(name, answer) {
    if (answer.isBinned) return this.#binned(answer.metrics.find((metric) => metric.name === name), answer);
    return answer.found.filter(([id]) => this.runs.has(id)).map(([id, curve]) => ({ ...this.runs.get(id), ...curve }));
  }

  #binned(metric, { isDensity }) {
    return binnedCurves(metric, { ...this, isDensity });
  }
}

/** Project and board of the page, without which a shared link of a board refuses a list. */
function ofBoard(search) {
  return search.get("board") && search.get("project") ? { project: search.get("project"), board: search.get("board") } : {};
}

function curvesById(name, { series }) {
  const parts = series.filter((part) => part.name === name).map((part) => mergeEqual(overMetric(part)));
  return new Map(parts.map((part) => [part.id, { series: Series.from(part, -1), band: part.band }]));
}
