/** The points of one curve: from a response, and appended live. */

const MOST = 8000;
const SPECIAL = { nan: NaN, inf: Infinity, "-inf": -Infinity };

/** One curve's points with `x` ascending. A value that is no finite number is kept, and drawn as a mark. */
export class Series {
  constructor(name, kind = "float") {
    Object.assign(this, { name, kind, x: [], y: [], labels: [], stages: [], restarts: [], count: 0, row: -1 });
  }

  /** A series from its part of the server's answer; `row` is the last journal line the answer knows of. */
  static from(part, row) {
    const { x, count, smoothed, steps, firstSteps } = part;
    return Object.assign(new Series(part.name, part.kind), {
      ...{ x, count, row, smoothed, steps, firstSteps },
      y: numbers(part.y, part.special),
      labels: part.labels ?? [],
      stages: (part.stages ?? []).map(([index, stage]) => [x[index], String(stage)]),
      restarts: (part.back ?? []).map((index) => x[index]),
    });
  }

  /** Add points of a live frame. False when they go back: a resumed run, whose curve the server must join. */
  append(x, y, row) {
    let last = this.x.length ? this.x[this.x.length - 1] : -Infinity;
    for (const value of x) {
      if (!(value >= last)) return false;
      last = value;
    }
    for (let i = 0; i < x.length; i += 1) this.#put(x[i], y[i]);
    this.row = row;
    if (this.x.length > MOST) this.#thin();
    return true;
  }

  /** Of one step the last value wins. */
  #put(x, y) {
    const end = this.x.length - 1;
    if (end >= 0 && this.x[end] === x) {
      this.y[end] = y;
      return;
    }
    this.x.push(x);
    this.y.push(y);
    this.count += 1;
  }

  #thin() {
    const indexes = thinned(this.x, this.y);
    this.x = indexes.map((i) => this.x[i]);
    this.y = indexes.map((i) => this.y[i]);
  }

  /** Values of a live frame as heights: texts by their place among the labels, which a new one extends. */
  heights(values, special) {
    const y = values.map((value) => (typeof value === "string" ? this.#place(value) : value));
    return numbers(y, special);
  }

  #place(text) {
    if (this.kind !== "text") return null;
    if (!this.labels.includes(text)) this.labels.push(text);
    return this.labels.indexOf(text);
  }

  /** What is at a height: the number, or the text that stands there. */
  value(height) {
    return this.labels[height] ?? height;
  }

  get first() {
    return this.x[0];
  }

  get last() {
    return this.value(this.y[this.y.length - 1]);
  }
}

/** Values as numbers: null becomes the special value that the list beside it names, true is 1. */
export function numbers(values, special = []) {
  const y = values.map((value) => (value === null ? NaN : typeof value === "boolean" ? Number(value) : value));
  for (const [index, name] of special) y[index] = SPECIAL[name];
  return y;
}

/** Return indices of about half the points: minimum and maximum of each four, and all non-finite values. */
export function thinned(x, y) {
  const indexes = [0];
  for (let start = 1; start < x.length - 1; start += 4) {
    const end = Math.min(start + 4, x.length - 1);
    let low = start;
    let high = start;
    for (let i = start; i < end; i += 1) {
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
      if (!Number.isFinite(y[i])) indexes.push(i);
    }
    indexes.push(low, high);
  }
  indexes.push(x.length - 1);
  return [...new Set(indexes)].sort((a, b) => a - b);
}

/** The index of the point whose x is nearest to `target`; -1 without points. `x` ascends. */
export function nearest(x, target) {
  const after = firstAtLeast(x, target);
  if (after === 0) return x.length ? 0 : -1;
  if (after === x.length) return x.length - 1;
  return target - x[after - 1] <= x[after] - target ? after - 1 : after;
}

/** The index of the first x that is not less than `target`, or the length. */
export function firstAtLeast(x, target) {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < target) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Return [lowest, highest] finite value at `from` ≤ x ≤ `to` (positive for a logarithmic axis), or null. */
export function extent(x, y, from, to, log = false) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = firstAtLeast(x, from); i < x.length && x[i] <= to; i += 1) {
    const value = y[i];
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}
