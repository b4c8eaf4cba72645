/** Smoothing in addresses and queries. */

import assert from "node:assert/strict";
import test from "node:test";

import { parseSmoothing, placeOf, smoothingAt, smoothingQuery, smoothingText } from "../../static/js/chart/smoothing.js";

const QUERIES = {
  0.9: { smoothing: "ema", smoothing_weight: 0.9 },
  "time_ema:0.5": { smoothing: "time_ema", smoothing_weight: 0.5 },
  "mean:20": { smoothing: "mean", smoothing_window: 20 },
  "gaussian:2.5": { smoothing: "gaussian", smoothing_sigma: 2.5 },
};

test("smoothing in an address becomes a query", () => {
  for (const [text, query] of Object.entries(QUERIES)) {
    const smoothing = parseSmoothing(text);
    assert.deepEqual(smoothingQuery(smoothing), query);
    assert.equal(smoothingText(smoothing), text);
  }
});

test("malformed smoothing is ignored", () => {
  for (const text of ["0", "1", "-1", "median:3", "", "ema:"]) {
    const smoothing = parseSmoothing(text);
    assert.deepEqual([smoothingQuery(smoothing), smoothingText(smoothing)], [{}, ""], text);
  }
});

test("a slider returns to its place", () => {
  for (const method of ["ema", "time_ema", "mean", "gaussian"])
    assert.ok(Math.abs(placeOf(smoothingAt(method, 0.5)) - 0.5) <= 0.01, method);
  assert.equal(smoothingAt("mean", 0), null);
  assert.equal(placeOf(null), 0);
});
