/** Fetching points: charts that ask in one task share a request, two are under way at a time. */

import { requestAgain } from "../http.js";
import { mergeEqual } from "./data/equal_x.js";
import { overMetric } from "./data/over_metric.js";
import { Series } from "./data/series.js";

const MOST_NAMES = 24;
const LONGEST_QUERY = 6000;
const AT_ONCE = 2;

/** The series of one run, by name: a source of curves (see chart.js). */
export class Loader {
  /** `most`: names per request. */
  constructor(address, most = MOST_NAMES) {
    Object.assign(this, { address, most, queue: [], busy: 0 });
  }

  /** The one curve of chart `name` in an answer. */
  curves(name, answer) {
    const series = answer.series.find((other) => other.name === name);
    const part = series && mergeEqual(overMetric(series));
    return [{ series: Series.from(part ?? { name, x: [], y: [], count: 0 }, answer.last_row), band: part?.band }];
  }

  /** The answer that holds series `name`, with `options` (x, points, step_range) as the query. */
  load(name, options) {
    const query = new URLSearchParams(options).toString();
    return new Promise((resolve, reject) => {
      if (!this.queue.length) setTimeout(() => this.start());
      this.queue.push({ name, query, resolve, reject });
    });
  }

  /** Send what waits. */
  start() {
    while (this.queue.length && this.busy < AT_ONCE) this.#send(this.#batch());
  }

  /** The first in the queue and those that ask the same question of other names. */
  #batch() {
    const { query } = this.queue[0];
    const batch = [];
    let length = query.length;
    this.queue = this.queue.filter((wish) => {
      length += wish.query === query ? encodeURIComponent(wish.name).length + 7 : 0;
      const fits = wish.query === query && batch.length < this.most && (!batch.length || length < LONGEST_QUERY);
      if (fits) batch.push(wish);
      return !fits;
    });
    return batch;
  }

  async #send(batch) {
    this.busy += 1;
    const names = batch.map(({ name }) => `names=${encodeURIComponent(name)}`).join("&");
    try {
      const answer = await ask(`${this.address}${this.address.includes("?") ? "&" : "?"}${batch[0].query}&${names}`);
      for (const wish of batch) wish.resolve(answer);
    } catch (error) {
      for (const wish of batch) wish.reject(error);
    } finally {
      this.busy -= 1;
      this.start();
    }
  }
}

async function ask(address) {
  const [answer, response] = await requestAgain(address);
  answer.pending = Number(response.headers.get("X-Ingest-Pending"));
  return answer;
}
