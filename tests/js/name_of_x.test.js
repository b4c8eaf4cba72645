/** Where the name of the x axis is written. */

import assert from "node:assert/strict";
import test from "node:test";

import { nameOfX } from "../../static/js/chart/render/axes.js";

const context = { measureText: (text) => ({ width: 6 * text.length }) };
const ticks = (...values) => values.map((value) => ({ value, label: String(value) }));
const place = (...values) => nameOfX(context, { box: { left: 0, right: 200 }, x: { at: (value) => value }, xTicks: ticks(...values), corner: "step" });

test("after the last label, where it fits", () => {
  assert.deepEqual(place(0, 100), { right: 200 });
  assert.deepEqual(place(0, 100, 168), { right: 207 });
});

test("in place of the last label, if two others are left", () => {
  const named = place(0, 100, 200);
  assert.equal(named.right, 200);
  assert.equal(named.hidden.value, 200);
});

test("before the last label of two, whose ends tell the range", () => {
  assert.deepEqual(place(0, 200), { right: 184 });
  assert.deepEqual(place(200), { right: 184 });
});

test("nowhere if it fits nowhere", () => {
  assert.equal(place(160, 200), null);
  assert.equal(nameOfX(context, { box: { left: 0, right: 20 }, x: { at: (value) => value }, xTicks: ticks(10), corner: "step" }), null);
});
