/** Scales from values to pixels and back. */

import assert from "node:assert/strict";
import test from "node:test";

import { makeScale, padded, zoomed } from "../../static/js/chart/scales/scale.js";

/** Fail unless the numbers are equal but for rounding. */
function assertClose(numbers, expected) {
  assert.equal(numbers.length, expected.length);
  numbers.forEach((number, i) => assert.ok(Math.abs(number - expected[i]) < 1e-6, `${number} is not ${expected[i]}`));
}

test("a pixel maps back to its value", () => {
  for (const log of [false, true]) {
    const scale = makeScale([0.01, 100], [40, 400], log);
    assertClose([scale.at(0.01), scale.at(100), scale.invert(scale.at(7))], [40, 400, 7]);
  }
});

test("a pixel of a logarithmic axis with an origin maps back to its position", () => {
  const scale = makeScale([1001, 2000], [0, 300], true, 1000);
  const decade = 300 / Math.log10(1000);
  assertClose([1001, 1010, 1100, 2000].map(scale.at), [0, decade, 2 * decade, 300]);
  assertClose([scale.invert(100)], [1010]);
});

test("the widest domain does not overflow", () => {
  assertClose([-1e308, 0, 1e308].map(makeScale([-1e308, 1e308], [0, 100]).at), [0, 50, 100]);
});

test("a constant has a band around itself", () => {
  assert.deepEqual([padded(2, 2), padded(0, 0), padded(NaN, NaN)], [[1.8, 2.2], [-0.5, 0.5], [0, 1]]);
});

test("padding never leaves the finite numbers", () => {
  assert.ok([padded(-1.7e308, 1.7e308), padded(1e-300, 1e300, true)].flat().every(Number.isFinite));
});

test("zooming stays inside the bounds", () => {
  assert.deepEqual(zoomed([0, 100], 0.5, 20, [0, 100]), [10, 60]);
  assert.deepEqual(zoomed([10, 60], 4, 20, [0, 100]), [0, 100]);
});
