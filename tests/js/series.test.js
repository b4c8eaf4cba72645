/** The points of a curve: found by place, joined as they arrive, thinned without losing a peak, replaced by finer ones. */

import assert from "node:assert/strict";
import test from "node:test";

import { refined } from "../../static/js/chart/data/refinement.js";
import { extent, nearest, numbers, Series } from "../../static/js/chart/data/series.js";

test("the nearest point is found", () => {
  assert.deepEqual([-3, 2.9, 3.1, 5, 8, 99].map((x) => nearest([1, 5, 9], x)), [0, 0, 1, 1, 2, 2]);
  assert.equal(nearest([], 1), -1);
});

test("special values are numbers again", () => {
  const values = numbers([1, null, null, true, null], [[1, "nan"], [2, "inf"], [4, "-inf"]]);
  assert.deepEqual(values.map(String), ["1", "NaN", "Infinity", "1", "-Infinity"]);
});

test("new points are joined and the last value of a step wins", () => {
  const series = Series.from({ name: "a", x: [1, 2], y: [10, 20], special: [], count: 2 }, 1);
  assert.equal(series.append([2, 3], [21, 30], 3), true);
  assert.deepEqual([series.x, series.y, series.count, series.row], [[1, 2, 3], [10, 21, 30], 3, 3]);
});

test("points that go back are refused", () => {
  const series = Series.from({ name: "a", x: [1, 5], y: [1, 2], special: [], count: 2 }, 1);
  assert.equal(series.append([6, 3], [0, 0], 3), false);
  assert.deepEqual(series.x, [1, 5]);
});

test("a long run is thinned without losing an extreme", () => {
  const series = new Series("a");
  for (let i = 0; i < 30000; i += 1) series.append([i], [i === 4321 ? 99 : i === 7777 ? NaN : Math.sin(i)], i);
  assert.ok(series.x.length <= 8001);
  assert.equal(Math.max(...series.y.filter(Number.isFinite)), 99);
  assert.ok(series.y.some(Number.isNaN));
  assert.deepEqual([series.x.at(-1), series.count], [29999, 30000]);
});

test("the extent is that of the visible points", () => {
  const of = (...range) => extent([1, 2, 3, 4], [5, -1, NaN, 7], ...range);
  assert.deepEqual(of(1, 3), [-1, 5]);
  assert.deepEqual(of(1, 4, true), [5, 7]);
  assert.equal(of(3, 3), null);
});

test("finer points replace the first ones", () => {
  const curves = (part) => [{ key: "a", series: { kind: "float", restarts: [], count: 99, ...part }, band: part.band }];
  const coarse = {
    x: [0, 5, 10, 15],
    y: [1, 2, 3, 4],
    stages: [[0, "warm"], [10, "main"]],
    restarts: [5, 15],
    band: { x: [0, 10], low: [0, 1], high: [9, 8] },
  };
  const fine = { x: [0, 1, 2, 5], y: [1, 1.5, 9, 2], stages: [[0, "cold"], [1, "warm"]], restarts: [2] };
  const [{ series, band }] = refined(curves(coarse), curves(fine), 5);
  assert.deepEqual([...series.x], [0, 1, 2, 5, 10, 15]);
  assert.deepEqual([...series.y], [1, 1.5, 9, 2, 3, 4]);
  assert.deepEqual(series.stages, [[0, "cold"], [1, "warm"], [10, "main"]]);
  assert.deepEqual([series.restarts, series.count], [[2, 15], 99]);
  assert.deepEqual({ ...band }, { x: [10], low: [1], high: [8] });
});
