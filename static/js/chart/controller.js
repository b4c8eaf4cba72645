/** Controller of all charts of a page: one cursor, one set of settings, lazy drawing. */

import { addTools } from "./buttons.js";
import { Chart } from "./chart.js";
import { Feed } from "./feed.js";
import { Loader } from "./loader.js";
import { onThemeChange } from "./render/palette.js";

const NEAR = "240px";

/** Return the element that scrolls the charts, or null for the window. */
function scroller(root) {
  const holder = root.closest(".panel");
  return holder && getComputedStyle(holder).overflowY === "auto" ? holder : null;
}

export class ChartController {
  /**
   * `source`: where the points of all charts come from (see chart.js), or the address of a run's series.
   * `hooks`: zoom(range or null, axis), opened(answer)?, pointed({name, x, reads, near} or null)? with the readings under
   * the cursor (see cursor.js).
   */
  constructor(root, source, settings, hooks) {
    this.settings = settings;
    this.hooks = { opened() {}, pointed() {}, ...hooks };
    this.source = typeof source === "string" ? new Loader(source) : source;
    this.highlighted = null;
    this.feeds = new Map();
    this.observer = new IntersectionObserver((entries) => this.#seen(entries), { root: scroller(root), rootMargin: NEAR });
    for (const holder of root.querySelectorAll("figure[data-name]")) this.add(holder);
    onThemeChange(() => this.#each((feed) => feed.chart.redraw()));
    addEventListener("beforeprint", () => this.#each((feed) => feed.print()));
    addEventListener("afterprint", () => this.#each((feed) => feed.chart.show(feed.visible)));
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

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const name = target.dataset.name;
      if (isIntersecting && !(this.feeds.get(name) instanceof Feed)) this.feeds.set(name, this.#build(target));
      const feed = this.feeds.get(name);
      if (feed instanceof Feed) feed.see(isIntersecting);
    }
  }

  #build(holder) {
    const chart = new Chart(holder, this.#settingsOf(holder), {
      cursor: (x, down) => this.#point(chart, x, down),
      highlight: (key) => this.highlight(key),
      zoom: (range) => this.hooks.zoom(range, chart.settings.axis),
      retry: () => feed.reload(),
      resized: () => feed.refresh(),
    });
    chart.highlight(this.highlighted);
    const feed = new Feed(chart, this.source, this.hooks.opened);
    addTools(chart);
    return feed;
  }

  /** Series with times and no steps (system metrics) are shown by time whatever the others use. */
  #settingsOf(holder) {
    if (this.settings.axis !== "step" || holder.dataset.axis !== "time") return this.settings;
    return { ...this.settings, axis: "relative", range: null };
  }

  #each(action) {
    for (const feed of this.feeds.values()) if (feed instanceof Feed) action(feed);
  }

  /** Move the cursor of all charts; the others read the curve that the pointer is nearest to. */
  #point(source, x, down) {
    const kind = source.settings.axis;
    source.setCursor(x, { down });
    const { reads, near } = source.cursor;
    this.#each(({ chart, visible }) => {
      if (chart !== source && visible && chart.settings.axis === kind) chart.setCursor(x, null, near?.curve.key);
    });
    this.hooks.pointed(x === null || !near ? null : { name: source.name, x, reads, near });
  }

  /** Draw the curves of that key above all others; null ends it. */
  highlight(key) {
    this.highlighted = key;
    this.#each((feed) => feed.chart.highlight(key));
  }

  configure(settings) {
    this.settings = settings;
    this.#each((feed) => {
      feed.chart.configure(this.#settingsOf(feed.chart.holder));
      feed.refresh();
    });
  }

  /** Fetch the current curves. */
  refresh() {
    this.#each((feed) => feed.refresh());
  }

  /** Draw all curves in the looks ({colour, dash}) that `look(key)` returns. */
  recolour(look) {
    this.#each(({ chart }) => {
      for (const curve of chart.all) Object.assign(curve, look(curve.key));
      chart.redraw();
    });
  }

  /** Rows up to `row` were written, `series` holds their points by name. */
  advance(before, row, series) {
    this.#each((feed) => feed.advance(before, row, series[feed.chart.name]));
  }

  reload() {
    this.#each((feed) => feed.reload());
  }

  has(name) {
    return this.feeds.has(name);
  }
}
