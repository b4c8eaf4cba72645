/** Curves of all runs of a list: groups with members and bands, densities with the best and the worst. */

import assert from "node:assert/strict";
import test from "node:test";

import { CurveLoader } from "../../static/js/chart/curve_loader.js";
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

test("a group or a run whose curve ended has no value afterwards, and so no mark of NaN", () => {
  const columns = (values) => ({ ...Object.fromEntries(Object.keys(STATISTICS).map((name) => [name, values])), count: values.map((value) => (value === null ? 0 : 1)) });
  const y = [null, 1, null, 3, null, null];
  const group = { key: { lr: 1 }, n: 1, runs: 1, statistics: columns(y), members: [{ id: "a", name: "one", value: 1, y }], marked: [] };
  const metric = { ...METRIC, x: [0, 10, 20, 30, 40, 50], groups: [group], baseline: [1, 1, 1, 2, 1, 1] };
  const [member, mean] = groupCurves(metric, "min-max");
  for (const { series } of [member, mean]) assert.deepEqual([series.x, series.y], [[10, 20, 30], [1, NaN, 3]]);
  assert.deepEqual([mean.band.x === mean.series.x, mean.band.low, mean.note(2)], [true, [1, NaN, 3], "3–3, n = 1"]);
  const [difference] = differenceCurves(metric, new Map([["a", { key: "a" }]]), "absolute");
  assert.deepEqual([difference.series.x, difference.note(2)], [[10, 20, 30], "(150 %)"]);
});

test("the beginning of groups is fetched in finer columns for a logarithmic axis", async () => {
  const [steps, columns] = [100_000, 400];
  const asked = [];
  const source = {
    isBinned: true,
    async load(name, { step_range }) {
      asked.push(step_range);
      const end = step_range ? Number(step_range.split(":")[1]) : steps;
      const width = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((width) => width * (columns - 1) >= end);
      const x = Array.from({ length: Math.floor(end / width) + 1 }, (_, i) => i * width + Math.floor((width - 1) / 2));
      const of = (value) => x.map(() => value);
      const statistics = { ...Object.fromEntries(Object.keys(STATISTICS).map((name) => [name, of(1)])), std: of(width) };
      return { ...METRIC, x, groups: [{ ...METRIC.groups[0], statistics, members: [{ id: "a", name: "one", y: x }] }] };
    },
    curves: (name, answer) => groupCurves(answer, "std"),
  };
  const chart = { names: ["loss"], settings: { axis: "step", logx: true }, labelled: (parts) => parts.flat() };
  const { curves } = await new CurveLoader(chart, source, () => {}).load(null, 800, null, true);
  assert.deepEqual(asked, [undefined, ":10024", ":1002", ":100"]);
  const [member, group] = curves;
  const { x } = group.series;
  assert.deepEqual(x.slice(0, 5), [0, 1, 2, 3, 4]);
  assert.ok(x.every((step, i) => !i || step > x[i - 1]) && x.at(-1) > 99_000);
  assert.deepEqual([member.series.x, group.band.x, group.band.low.length], [x, x, x.length]);
  // The text beside a value is that of its column.
  assert.deepEqual([2, 150, x.length - 1].map((at) => group.note(at)), ["± 1, n = 1", "± 5, n = 1", "± 500, n = 1"]);
});
