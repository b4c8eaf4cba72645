/** Controller of all charts of a page: one cursor, one set of settings, lazy drawing. */

import { axisOf, isTimeOnly, isUsual, queryOf } from "./axes.js";
import { make } from "../dom.js";
import { addTools } from "./buttons.js";
import { Chart } from "./chart.js";
import { Feed } from "./feed.js";
import { fullInAddress, isFull, toggleFull } from "./full_screen.js";
import { attachKeys } from "./keys.js";
import { Loader } from "./loader.js";
import { recolour } from "./data/labels.js";
import { metricsOf, withOptions } from "./options.js";
import { onAppearanceChange } from "./render/palette.js";
import { smoothingQuery } from "./smoothing.js";

const NEAR = "240px";

/** Return the element that scrolls the charts, or null for the window. */
function scroller(root) {
  const holder = root.closest(".panel");
  return holder && getComputedStyle(holder).overflowY === "auto" ? holder : null;
}

/** Whether two charts have the same x. */
function isSameAxis({ settings: a }, { settings: b }) {
  return a.axis === b.axis && a.xMetric === b.xMetric;
}

export class ChartController {
  /**
   * `source`: where the points of all charts come from (see chart.js), or the address of a run's series.
   * `hooks`: zoom(range or null, axis), opened(answer)?, pointed({name, x, reads, near} or null)? with the readings under
   * the cursor (see cursor.js), options(name)? and optionsChanged(name, options)? of single charts (options.js),
   * metrics()? with the names of all metrics.
   */
  constructor(root, source, settings, hooks) {
    this.settings = settings;
    this.hooks = { opened() {}, pointed() {}, options: () => ({}), optionsChanged() {}, metrics: () => [...this.feeds.keys()], ...hooks };
    this.source = typeof source === "string" ? new Loader(source) : source;
    this.highlighted = null;
    this.feeds = new Map();
    this.spoken = make("p", { className: "for-readers", role: "status" });
    root.append(this.spoken);
    /** Zoomed ranges of charts with an x axis of their own. */
    this.ranges = new Map();
    this.observer = new IntersectionObserver((entries) => this.#seen(entries), { root: scroller(root), rootMargin: NEAR });
    for (const holder of root.querySelectorAll("figure[data-name]")) this.add(holder);
    attachKeys((holder) => root.contains(holder) && this.feeds.get(holder.dataset.name)?.chart);
    onAppearanceChange(() => this.#each((feed) => feed.chart.redraw()));
    addEventListener("beforeprint", () => this.#each((feed) => feed.print()));
    addEventListener("afterprint", () => this.#each((feed) => feed.chart.show(feed.visible)));
    // The server is back.
    document.addEventListener("reconnected", () => this.#each((feed) => feed.chart.broken && feed.reload()));
  }

  /** Open the chart that the address names in full screen; its figure must not be moved afterwards. */
  openFull() {
    const name = fullInAddress();
    if (!this.feeds.has(name)) return;
    const feed = this.#build(this.feeds.get(name).holder);
    this.feeds.set(name, feed);
    toggleFull(feed.chart);
  }

  /** Make the figure a chart. Its canvas and its points wait until it is seen. */
  add(holder) {
    this.feeds.set(holder.dataset.name, { holder });
    this.observer.observe(holder);
  }

  /** Forget a chart whose figure is no longer on the page. */
  remove(name) {
    this.observer.unobserve(this.feeds.get(name).holder ?? this.feeds.get(name).chart.holder);
    this.feeds.delete(name);
  }

  /** Open the charts in sight before the first frame; the observer reports them after it. */
  openVisible() {
    const isVisible = ({ holder }) => holder?.offsetHeight && holder.getBoundingClientRect().top < innerHeight;
    this.#seen([...this.feeds.values()].filter(isVisible).map(({ holder }) => ({ target: holder, isIntersecting: true })));
    this.source.start?.();
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const { name } = target.dataset;
      if (isIntersecting && !(this.feeds.get(name) instanceof Feed)) this.feeds.set(name, this.#build(target));
    }
    // All are built before the first is measured.
    for (const { target, isIntersecting } of entries) {
      const feed = this.feeds.get(target.dataset.name);
      // In full screen it may be outside of the element that is observed.
      if (feed instanceof Feed) feed.see(isIntersecting || isFull(feed.chart));
    }
  }

  #build(holder) {
    const chart = new Chart(holder, this.#settingsOf(holder), {
      cursor: (x, down) => this.#point(chart, x, down),
      highlight: (key) => this.highlight(key),
      zoom: (range) => this.#zoom(chart, range),
      goTo: (step) => this.#goTo(chart, step),
      options: () => this.hooks.options(chart.name),
      optionsChanged: (options) => this.setOptions(chart.name, options),
      metrics: () => this.hooks.metrics(),
      verdict: (curve) => this.verdicts?.of(curve.series.name, curve.key),
      retry: () => feed.reload(),
      resized: () => feed.see(true),
      refitted: () => feed?.refresh(),
    });
    chart.highlight(this.highlighted);
    const feed = new Feed(chart, this.source, this.hooks.opened);
    addTools(chart);
    return feed;
  }

  /** Series with times and no steps (system metrics) are shown by time whatever the others use. */
  #settingsOf(holder) {
    const { name, axis, x } = holder.dataset;
    const options = this.hooks.options(name);
    // The metric that `define_metric` names as x axis, where neither the chart nor the page has another one.
    const settings = withOptions(this.settings, x && isUsual(this.settings) ? { x, ...options } : options);
    if (isTimeOnly(axis)) settings.axis = axisOf(settings).withoutSteps;
    settings.names = metricsOf(options, name, this.hooks.metrics());
    if (!isSameAxis({ settings }, this)) settings.range = this.ranges.get(name) ?? null;
    return settings;
  }

  /** Zoom all charts that have the x axis of this one, or only it where that is its own. */
  #zoom(chart, range) {
    if (isSameAxis(chart, this)) return this.hooks.zoom(range, chart.settings.axis);
    this.ranges.set(chart.name, range && axisOf(chart.settings).rounded(range));
    this.#configure(this.feeds.get(chart.name));
  }

  /** Change the options of a chart (options.js). */
  setOptions(name, options) {
    this.hooks.optionsChanged(name, options);
    this.ranges.delete(name);
    const feed = this.feeds.get(name);
    if (feed instanceof Feed) this.#configure(feed);
  }

  #configure(feed) {
    feed.chart.configure(this.#settingsOf(feed.chart.holder));
    feed.refresh();
  }

  /** Return [name, query] of the curves of all charts: what their source is asked for, but for the number of points. */
  queries() {
    const holders = [...this.feeds.values()].map(({ holder, chart }) => holder ?? chart.holder);
    return holders.flatMap((holder) => {
      const settings = this.#settingsOf(holder);
      return settings.names.map((name) => [name, { ...queryOf(this.source, settings), ...smoothingQuery(settings.smoothing) }]);
    });
  }

  #each(action) {
    for (const feed of this.feeds.values()) if (feed instanceof Feed) action(feed);
  }

  /**
   * Move the cursor of all charts; the others read the curve that the pointer is nearest to. A move without a place of the
   * pointer (`down`) was made by keys, and is spoken. `exact`: points to read by chart, see `CurveLoader.at`.
   */
  #point(source, x, down, exact = new Map()) {
    source.setCursor(x, { down }, undefined, exact.get(source));
    const { reads, near } = source.cursor;
    const key = near?.curve.key;
    this.#each(({ chart, visible }) => {
      if (chart !== source && visible && isSameAxis(chart, source)) chart.setCursor(x, null, key, exact.get(chart));
      if (visible) chart.point(x === null ? null : key);
    });
    if (x !== null && near && down === undefined) this.spoken.textContent = source.cursor.output.textContent;
    this.hooks.pointed(x === null || !near ? null : { name: source.name, x: near.x, reads, near, unit: source.unit, settings: source.settings });
  }

  /** Move the cursor of all charts to the points of a step; return whether there are any. */
  async #goTo(source, step) {
    const charts = [...this.feeds.values()].filter((feed) => feed instanceof Feed && (feed.chart === source || (feed.visible && isSameAxis(feed.chart, source))));
    const points = await Promise.all(charts.map(async ({ chart, loader }) => [chart, await loader.at(step)]));
    const exact = new Map(points.filter(([, at]) => at));
    const [curve] = exact.get(source)?.curves.values() ?? [];
    if (!curve) return false;
    const x = curve.series.x.at(-1);
    const [from, to] = source.domain;
    if (x < from || x > to) source.hooks.zoom(null);
    this.#point(source, x, undefined, exact);
    return true;
  }

  /** Draw the curves of that key above all others; null ends it. */
  highlight(key) {
    this.highlighted = key;
    this.#each((feed) => feed.chart.highlight(key));
  }

  configure(settings) {
    this.settings = settings;
    this.#each((feed) => this.#configure(feed));
  }

  /** Fetch the current curves. */
  refresh() {
    this.#each((feed) => feed.refresh());
  }

  /** Draw all curves in the looks that `look(key)` returns. */
  recolour(look) {
    this.#each(({ chart }) => {
      for (const curve of chart.all) recolour(curve, look(curve.key));
      chart.redraw();
    });
  }

  /** There are other verdicts (verdicts.js). */
  judged() {
    this.#each(({ chart }) => chart.judged());
  }

  /** Rows up to `row` were written, `series` holds their points by name. */
  advance(before, row, series) {
    this.#each((feed) => feed.advance(before, row, series));
  }

  reload() {
    this.#each((feed) => feed.reload());
  }

  has(name) {
    return this.feeds.has(name);
  }
}
