/** X axes of charts: what each is asked for, called and labelled by. */

import assert from "node:assert/strict";
import test from "node:test";

import { axisOf, isTimeOnly, OFFERED, isUsual, offered, parameterOf, queryOf, settingsAt, settingsFor, SOURCES } from "../../static/js/chart/axes.js";
import { header } from "../../static/js/chart/data/rows.js";
import { withOptions } from "../../static/js/chart/options.js";
import { logOrigin } from "../../static/js/chart/scales/x_axis.js";

const settings = (axis) => ({ axis, xMetric: "tokens", logx: true, origin: 1000 });
const of = (key) => axisOf(settings(key));
const KEYS = ["step", "relative", "time", "metric"];
const each = (read) => KEYS.map((key) => read(of(key), settings(key)));

test("an axis in an address is one of the menu, the first by default", () => {
  assert.deepEqual(OFFERED.map(({ key }) => [offered(key).key, parameterOf({ axis: key })]), [["step", ""], ["relative", "relative"], ["time", "time"]]);
  assert.deepEqual(["metric", "", null, "constructor"].map((key) => offered(key).key), ["step", "step", "step", "step"]);
});

test("any other x of a chart is a metric", () => {
  assert.deepEqual(settingsFor("time"), { axis: "time" });
  assert.deepEqual(settingsFor("metric"), { axis: "metric", xMetric: "metric" });
  assert.deepEqual(withOptions({ axis: "step", log: true }, { x: "epoch" }), { axis: "metric", xMetric: "epoch", log: true });
});

test("points are asked for by step or by time, and over a metric by both", () => {
  assert.deepEqual(each((axis, set) => axis.query(set)), [{ x: "step" }, { x: "time" }, { x: "time" }, { x: "step", x_metric: "tokens" }]);
  assert.deepEqual(each((axis) => axis.source.range), ["step_range", "time_range", "time_range", "step_range"]);
  assert.deepEqual(each((axis) => axis.upTo(7.9)), [7, 7.9, 7.9, 7]);
});

test("several runs are asked for the time since the start of each", () => {
  const ask = (isAcrossRuns) => each((_, set) => queryOf({ isAcrossRuns }, set).x);
  assert.deepEqual([ask(true), ask(false)], [["step", "relative", "time", "step"], ["step", "time", "time", "step"]]);
});

test("a range is as precise as the axis", () => {
  assert.deepEqual(each((axis) => axis.rounded([1.23456, 5.5])), [[1, 6], [1.235, 5.5], [1.235, 5.5], [1.235, 5.5]]);
  assert.deepEqual(axisOf({ axis: "metric" }).rounded([1.234567e-6, 5.5e-6]), [1.235e-6, 5.5e-6]);
  assert.deepEqual(axisOf({ axis: "metric" }).rounded([1e9, 7.5e9]), [1e9, 7.5e9]);
});

test("a logarithmic axis counts from its origin, and a moment has no logarithm", () => {
  assert.deepEqual(each((_, set) => logOrigin(set)), [0, 1000, null, 0]);
  assert.deepEqual(each((_, set) => logOrigin({ ...set, logx: false })), [null, null, null, null]);
});

test("a place is named as people read it", () => {
  assert.deepEqual(each((axis, set) => axis.reading(1090, set)).toSpliced(2, 1), ["step 1,090", "1 min 30 s", "tokens 1,090"]);
  assert.deepEqual(each((axis, set) => axis.nameIn(set)), ["step", "time since start", "time", "tokens"]);
  assert.deepEqual(each((axis, set) => header({ settings: set, curves: [] })[0]), ["step", "time", "time", "tokens"]);
});

test("live points are joined by step or by time; only those with a step have one", () => {
  const frame = { step: [4, null, 6], time: [1.5, 2.5, 3.5] };
  assert.deepEqual(of("step").live(frame, [1, 2, 3]), [[4, 6], [1, 3]]);
  assert.deepEqual(of("relative").live(frame, [1, 2, 3]), [frame.time, [1, 2, 3]]);
  assert.deepEqual(each((axis) => axis.isJoined), [false, false, false, true]);
});

test("series with times and no steps are drawn by time", () => {
  assert.deepEqual(SOURCES.map(isTimeOnly), [false, true]);
  assert.deepEqual(each((axis) => axis.withoutSteps), ["relative", "relative", "time", "metric"]);
});

test("a metric that the page offers is an x axis in an address", () => {
  const over = settingsAt("tokens", ["epoch", "tokens"]);
  assert.deepEqual(over, settingsFor("tokens"));
  assert.deepEqual([parameterOf(over), isUsual(over)], ["tokens", false]);
  assert.deepEqual(["tokens", "time", null].map((x) => settingsAt(x).axis), ["step", "time", "step"]);
  assert.ok(isUsual(settingsAt("")));
});
