/** Labels of the axes of scatter plots. */

import assert from "node:assert/strict";
import test from "node:test";

import { axisOf } from "../../static/js/chart/scales/picture_axis.js";

const labels = (values, log, isSetting) => axisOf({ values, log }, values.map((_, i) => ({ i })), [0, 400], isSetting).ticks.map(([, text]) => text);

test("a metric has round labels", () => {
  assert.deepEqual(labels([0.92208, 0.97959]), ["0.92", "0.93", "0.94", "0.95", "0.96", "0.97", "0.98"]);
  assert.deepEqual(labels([0.001, 1], true), ["0.001", "0.01", "0.1", "1"]);
});

test("few settings are labelled themselves, unless they are too near to each other", () => {
  assert.deepEqual(labels([16, 32, 16, 64], false, true), ["16", "32", "64"]);
  assert.deepEqual(labels([16, 16.5, 64], false, true), ["16", "64"]);
  assert.deepEqual(labels([1, 2, 3, 4, 5, 100], false, true), ["0", "20", "40", "60", "80", "100"]);
});

test("words are labelled at their places", () => {
  assert.deepEqual(labels(["sgd", "adam"]), ["adam", "sgd"]);
});
