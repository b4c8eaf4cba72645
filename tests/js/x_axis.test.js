/** A logarithmic x axis (steps or durations) shows the beginning of a run with enough space. */

import assert from "node:assert/strict";
import test from "node:test";

import { pixelsFor, resolutionOfEach, xAxisTicks, xDomain } from "../../static/js/chart/scales/x_axis.js";

const STEP = { axis: "step", logx: true, range: null, origin: 1000 };
const DURATION = { ...STEP, axis: "relative" };

const domain = (xs, settings) => xDomain(xs.map((x) => ({ series: { x } })), settings);
const labels = (ends, settings) => xAxisTicks(ends, settings, 8).map(({ label }) => label);

test("a logarithmic axis starts at the first positive point", () => {
  assert.deepEqual(domain([[0, 0, 5, 500], [3, 4]], STEP), [3, 500]);
  assert.deepEqual(domain([[1000, 1000.5, 1100]], DURATION), [1000.5, 1100]);
  assert.deepEqual(domain([[0, 5]], { ...STEP, logx: false }), [0, 5]);
  assert.deepEqual(domain([[0, 5]], { ...STEP, axis: "time" }), [0, 5]);
});

test("a logarithmic axis has a range with one point and with none", () => {
  assert.deepEqual(domain([[8]], STEP), [4, 16]);
  assert.deepEqual(domain([[1008]], DURATION), [1004, 1016]);
  assert.deepEqual(domain([[0]], STEP), [1, 10]);
  assert.deepEqual(domain([], DURATION), [1001, 1010]);
});

test("a range that reaches zero is cut there", () => {
  assert.deepEqual(domain([[0, 2, 900]], { ...STEP, range: [0, 90] }), [2, 90]);
  assert.deepEqual(domain([[0, 2, 900]], { ...STEP, range: [10, 90] }), [10, 90]);
  assert.deepEqual(domain([[0, 20, 900]], { ...STEP, range: [-5, 0] }), [20, 900]);
});

test("labels are powers of ten and round durations", () => {
  assert.deepEqual(labels([1, 100_000], STEP), ["1", "10", "100", "1,000", "10k", "100k"]);
  assert.deepEqual(labels([1000.01, 1000 + 90_000], DURATION), ["0.01s", "1s", "1m", "1h", "1d"]);
  assert.deepEqual(labels([1001, 1000 + 7200], DURATION), ["1s", "10s", "1m", "10m", "1h"]);
  assert.deepEqual(labels([20, 60], STEP), ["20", "25", "30", "35", "40", "45", "50", "55", "60"]);
});

test("points are asked for by the width of a chart in hundreds of pixels", () => {
  assert.deepEqual([0, 300, 401, 1000, 5000].map(pixelsFor), [400, 400, 500, 1000, 2000]);
});

test("of many curves each has fewer points, of few as many as of one", () => {
  const ofEach = (curves) => resolutionOfEach(400, curves);
  assert.deepEqual([1, 3].map(ofEach), [{ pixels: 400 }, { pixels: 400 }]);
  assert.deepEqual([4, 20, 21, 100].map((curves) => ofEach(curves).points), [400, 400, 250, 250]);
});
