/** Points of equal x are one point: properties over many random curves, and the curves of an epoch. */

import assert from "node:assert/strict";
import test from "node:test";

import { mergeEqual } from "../../static/js/chart/data/equal_x.js";
import { overMetric } from "../../static/js/chart/data/over_metric.js";
import { Series } from "../../static/js/chart/data/series.js";
import { random } from "./random.js";

const part = (x, y, more = {}) => ({ name: "a", kind: "float", count: x.length, special: [], x, y, ...more });

test("a curve over an epoch has the mean of each epoch, and its range as a band", () => {
  const curve = part([1, 2, 3, 4, 5, 6], [1, 3, 5, 7, 9, 20], { along: [0, 0, 1, 1, 1, 2] });
  const merged = mergeEqual(overMetric(curve));
  assert.deepEqual([merged.x, merged.y, merged.band], [[0, 1, 2], [2, 7, 20], { x: [0, 1, 2], low: [1, 5, 20], high: [3, 9, 20] }]);
  assert.deepEqual([merged.firstSteps, merged.steps], [[1, 3, 6], [2, 5, 6]]);
  const { x, y } = Series.from(merged, 0);
  assert.deepEqual([x, y], [[0, 1, 2], [2, 7, 20]]);
});

test("the mean of a thinned curve is that of all its points", () => {
  const band = { x: [1, 5], along: [0, 0], low: [0, 0], high: [9, 9], mean: [2, 3] };
  assert.deepEqual(mergeEqual(overMetric(part([1, 3, 5], [0, 9, 3], { along: [0, 0, 0], band, count: 900 }))).y, [2.5]);
});

test("texts have no mean: the last one counts", () => {
  assert.deepEqual(mergeEqual(part([1, 1, 2], [0, 1, 0], { kind: "text", labels: ["a", "b"] })).y, [1, 0]);
});

test("a change of stage stands at the point that its own has become", () => {
  const merged = Series.from(mergeEqual(part([1, 1, 2, 2], [1, 2, 3, 4], { stages: [[0, "warm"], [3, "main"]], back: [2] })), 0);
  assert.deepEqual([merged.stages, merged.restarts], [[[1, "warm"], [2, "main"]], [2]]);
});

test("any curve keeps its x, its extremes, its ends and its mean", () => {
  const next = random(7);
  for (let round = 0; round < 300; round += 1) {
    const length = 1 + Math.floor(next() * 60), x = [], y = [];
    for (let i = 0; i < length; i += 1) {
      x.push((x.at(-1) ?? 0) + Math.floor(next() * 2));
      y.push(next() < 0.1 ? null : (next() - 0.5) * 10 ** Math.floor(next() * 300));
    }
    const special = y.flatMap((value, i) => (value === null ? [[i, ["nan", "inf", "-inf"][Math.floor(next() * 3)]]] : []));
    const before = Series.from(part(x, y, { special }), 0);
    const merged = mergeEqual(part(x, y, { special }));
    const after = Series.from(merged, 0);
    assert.deepEqual(after.x, [...new Set(x)]);
    for (const [k, at] of after.x.entries()) {
      const values = before.y.filter((_, i) => x[i] === at), finite = values.filter(Number.isFinite);
      if (after.x.length === x.length) continue;
      if (!finite.length) assert.ok(Object.is(after.y[k], values.at(-1)));
      else assert.deepEqual([merged.band.low[k], merged.band.high[k]], [Math.min(...finite), Math.max(...finite)]);
      const [low, high] = [Math.min(...finite), Math.max(...finite)].map((end) => end);
      const slack = Math.max(Math.abs(low), Math.abs(high)) * 1e-12;
      assert.ok(!finite.length || (after.y[k] >= low - slack && after.y[k] <= high + slack));
    }
    assert.deepEqual(mergeEqual(merged), merged);
  }
});
