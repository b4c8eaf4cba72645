/** Axes are labelled at round numbers, over any range of floats. */

import assert from "node:assert/strict";
import test from "node:test";

import { linearTicks, logTicks, timeTicks } from "../../static/js/chart/scales/ticks.js";
import { timeLabel } from "../../static/js/chart/text/format.js";

/** Return linear ticks without the sign of zero. */
const linear = (...range) => linearTicks(...range).map((tick) => tick + 0);

test("ticks have steps of one, two and five", () => {
  assert.deepEqual(linear(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(linear(0, 10, 4), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(linear(-7, 7, 4), [-5, 0, 5]);
  assert.deepEqual(linear(0.1, 0.35, 5), [0.1, 0.15, 0.2, 0.25, 0.3, 0.35]);
});

test("ticks are integers on request", () => {
  assert.deepEqual(linear(0, 2, 8, 1), [0, 1, 2]);
});

test("every range has ticks", () => {
  for (const [low, high] of [[-1e308, 1e308], [1e-300, 2e-300], [1e15, 1e15 + 3], [-5e-324, 5e-324], [0, 1e-310]]) {
    const ticks = linear(low, high, 5);
    assert.ok(ticks.length <= 12);
    assert.deepEqual(ticks, [...new Set(ticks)].sort((a, b) => a - b));
    assert.ok(ticks.every((tick) => low <= tick && tick <= high));
  }
});

test("a range without width has one tick", () => {
  assert.deepEqual(linear(3, 3, 5), [3]);
});

test("logarithmic ticks are powers of ten", () => {
  assert.deepEqual(logTicks(1e-3, 1e3, 8), [1e-3, 1e-2, 1e-1, 1, 10, 100, 1000]);
  assert.deepEqual(logTicks(1, 40, 5), [1, 2, 5, 10, 20]);
  assert.deepEqual(logTicks(2, 3, 5), [2, 2.2, 2.4, 2.6, 2.8, 3]);
  const wide = logTicks(1e-300, 1e300, 6);
  assert.ok(wide.length >= 4 && wide.length <= 8);
  assert.ok(wide.includes(1));
});

test("a logarithmic axis has nothing below zero", () => {
  assert.deepEqual(logTicks(-1, 10, 5), []);
});

test("moments less than a second apart have different labels", () => {
  const labels = (times, step) => times.map((time) => timeLabel(time, step));
  assert.deepEqual(labels([1.75e9 + 15, 1.75e9 + 15.05, 1.75e9 + 19.95], 0.05), ["06:55.00", "06:55.05", "06:59.95"]);
  assert.deepEqual(labels([1.75e9 + 15.0004], 0.0002), ["06:55.0004"]);
});

test("times are cut at round local times", () => {
  assert.deepEqual(timeTicks(0, 3600, 4), [0, 900, 1800, 2700, 3600]);
  const east = timeTicks(0, 7 * 86400, 7, 3600);
  assert.ok(east.length > 0 && east.every((tick) => (tick + 3600) % 86400 === 0));
  assert.ok(timeTicks(0, 10 * 365 * 86400, 6).length <= 9);
});
