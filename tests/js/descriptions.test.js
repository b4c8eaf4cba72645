/** Charts in words, and as tables for spreadsheets. */

import assert from "node:assert/strict";
import test from "node:test";

import { Series } from "../../static/js/chart/data/series.js";
import { clippedText, csv, sentence } from "../../static/js/chart/text/descriptions.js";

test("a chart is described in words", () => {
  const part = { name: "loss", x: [1, 2, 900], y: [3, null, 0.25], special: [[1, "nan"]], count: 3 };
  const text = "loss: 3 points, step 1 to 900; lowest 0.25, highest 3, last 0.25.";
  assert.equal(sentence(Series.from(part, 3), { axis: "step" }), text);
});

test("the description of a chart mentions outliers", () => {
  assert.equal(clippedText({ above: 1, below: 0 }), "Not drawn: 1 above and 0 below the axis.");
  assert.equal(clippedText({ above: 3, below: 2 }), "Not drawn: 3 above and 2 below the axis.");
});

test("a table for a spreadsheet runs nothing", () => {
  assert.equal(csv(["step", "=1+1", 'a,"b"'], [[1, NaN, Infinity]]), 'step,\'=1+1,"a,""b"""\r\n1,nan,inf\r\n');
});
