/** Curves of all runs of a list: groups with members and bands, densities with the best and the worst. */

import assert from "node:assert/strict";
import test from "node:test";

import { ALL, BANDS, densityCurves, differenceCurves, edgesOf, groupCurves, groupEntries } from "../../static/js/workspace/distribution.js";

const STATISTICS = { count: [3, 1], mean: [2, 4], std: [0.5, null], sem: [0.25, null], min: [1, 4], max: [3, 4], p5: [1, 4], p10: [1.1, 4], p25: [1.5, 4], p50: [2.1, 4], p75: [2.5, 4], p90: [2.9, 4], p95: [3, 4] };
const MEMBERS = [{ id: "a", name: "one", value: 1, y: [1, null] }, { id: "b", name: "two", value: 2, y: [3, 4] }];
const METRIC = {
  ...{ name: "loss", goal: "min", runs: 4, x: [0, 1], density: null, more_groups: 0 },
  groups: [{ key: { "config.lr": 0.1 }, n: 3, runs: 3, statistics: STATISTICS, members: MEMBERS, marked: ["a"] }, { key: { "config.lr": null }, n: 1, runs: 0, statistics: STATISTICS, members: [], marked: [] }],
  best: [MEMBERS[0]],
  worst: [MEMBERS[1]],
};

test("a band is around the mean, or between quantiles around the median", () => {
  assert.deepEqual(Object.keys(BANDS), ["std", "sem", "min-max", "p25-p75", "p10-p90"]);
  assert.deepEqual(edgesOf(STATISTICS, "std"), { low: [1.5, 4], high: [2.5, 4] });
  assert.deepEqual(edgesOf(STATISTICS, "p10-p90"), { low: [1.1, 4], high: [2.9, 4] });
});

test("groups are named by their values, and their members belong to them", () => {
  assert.deepEqual(groupEntries(METRIC).map(({ key, label, ids }) => [key, label, ids]), [["0.1", "lr 0.1 (3)", ["a"]], ["", "no lr (1)", []]]);
  const curves = groupCurves(METRIC, "sem");
  assert.deepEqual(curves.map(({ key, group }) => [key, group]), [["a", "0.1"], ["b", "0.1"], ["0.1", undefined]]);
  assert.deepEqual([curves[2].series.y, curves[2].band.low, curves[2].note(0), curves[2].note(1)], [[2, 4], [1.75, 4], "± 0.25, n = 3", "n = 1"]);
  assert.equal(curves[0].label, "one · lr 0.1 (3)");
  assert.deepEqual(groupCurves(METRIC, "p25-p75", "b").map(({ key }) => key), ["b", "0.1"]);
});

test("a density has its median, and the best and the worst runs by name", () => {
  const all = { ...METRIC, groups: [{ ...METRIC.groups[0], key: {} }] };
  const [density, worst, best] = densityCurves(all);
  assert.deepEqual([density.key, density.series.y, density.band.high, density.outer.high], [ALL, [2.1, 4], [2.5, 4], [3, 4]]);
  assert.deepEqual([best.label, worst.label], ["one · best 1", "two · worst 1"]);
  assert.match(densityCurves({ ...all, goal: "unknown" })[2].label, /lowest 1$/);
});

test("a difference is said in its other form, too", () => {
  const metric = { ...METRIC, baseline: [-2, 0] };
  const runs = new Map([["b", { key: "b", label: "two" }]]);
  const [curve] = differenceCurves(metric, runs, "absolute");
  assert.deepEqual([curve.series.y, curve.note(0), curve.note(1)], [[3, 4], "(150 %)", ""]);
  assert.equal(differenceCurves(metric, runs, "relative")[0].note(0), "(6)");
});
