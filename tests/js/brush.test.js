/** Brushing: dragged areas as conditions of the list. */

import assert from "node:assert/strict";
import test from "node:test";

import { conditionOf, conjunction, fieldOf } from "../../static/js/hyperparameters/conditions.js";

test("a range is rounded outwards to four digits", () => {
  assert.equal(conditionOf("config.lr", { low: 0.0012348, high: 0.0456712 }), "config.lr >= 0.001234 and config.lr <= 0.04568");
  assert.equal(conditionOf("metric.acc.best", { low: -12345.6, high: 0 }), "metric.acc.best >= -12350 and metric.acc.best <= 0");
  assert.equal(conditionOf("config.lr", { low: 1e-7, high: 3e12 }), "config.lr >= 1e-7 and config.lr <= 3000000000000");
});

test("words are listed and quoted", () => {
  assert.equal(conditionOf("config.optim", { words: ["adam", 'a "b" \\c'] }), 'config.optim in ("adam", "a \\"b\\" \\\\c")');
  assert.equal(conditionOf("config.optim", { words: [] }), "");
});

test("names that a condition could not hold are quoted", () => {
  assert.equal(fieldOf("config", "optim.lr"), "config.optim.lr");
  assert.equal(fieldOf("metric", "val acc", "best"), 'metric."val acc".best');
});

test("a condition is added to one that is there", () => {
  assert.equal(conjunction("", "a > 1"), "a > 1");
  assert.equal(conjunction("status = failed", "a > 1"), "status = failed and a > 1");
  assert.equal(conjunction("status = failed OR lr < 1", "a > 1"), "(status = failed OR lr < 1) and a > 1");
});
