/** Curves of runs that were fetched, by chart and query. */

/** Queries of one chart whose curves are kept: of everything, and of the latest zoomed ranges. */
const MOST_QUERIES = 4;

export class CurveCache {
  constructor() {
    this.charts = new Map();
  }

  /** Return a map of run id to a promise of its curves, for one chart and query. */
  curves(name, query) {
    if (!this.charts.has(name)) this.charts.set(name, new Map());
    const queries = this.charts.get(name);
    const curves = queries.get(query) ?? new Map();
    queries.delete(query);
    queries.set(query, curves);
    if (queries.size > MOST_QUERIES) queries.delete(queries.keys().next().value);
    return curves;
  }

  /** Remove the curves of these runs. */
  forget(ids) {
    for (const queries of this.charts.values()) for (const curves of queries.values()) for (const id of ids) curves.delete(id);
  }
}
