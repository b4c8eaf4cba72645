/** Units come from the ends of names. */

import assert from "node:assert/strict";
import test from "node:test";

import { layOut } from "../../static/js/chart/scales/layout.js";
import { Series } from "../../static/js/chart/data/series.js";
import { withUnit } from "../../static/js/chart/text/format.js";
import { unitOf } from "../../static/js/chart/text/units.js";

test("a name that ends in a unit has it, and several names only if they agree", () => {
  const units = { "system/cpu_percent": "%", "system/gpu0_memory_mib": "MiB", "step_time_s": "s", "latency_ms": "ms", "system/gpu0_temperature_c": "°C", loss: "", items: "", "lr_c": "", bytes: "B" };
  for (const [name, unit] of Object.entries(units)) assert.equal(unitOf([name]), unit, name);
  assert.equal(unitOf(["a_percent", "b_percent"]), "%");
  assert.equal(unitOf(["a_percent", "b_ms"]), "");
});

test("numbers are shown with their unit, texts without", () => {
  assert.deepEqual([withUnit(53.2, "%"), withUnit(NaN, "%"), withUnit("warm", "%"), withUnit(2, "")], ["53.2\u202f%", "NaN", "warm", "2"]);
});

const plotOf = (values, more) => {
  const series = Series.from({ name: "a", kind: "float", count: values.length, special: [], x: values.map((_, i) => i), y: values }, 0);
  return layOut([{ series }], { axis: "step", range: null, origin: 0, spread: "auto", ...more }, 400, 200);
};

test("shares of the machine are drawn from 0 to 100", () => {
  const high = [99.85, 99.9, 100];
  assert.deepEqual(plotOf(high, { names: ["system/host_cpu_percent"] }).y.domain, [0, 100]);
  assert.ok(plotOf(high, { names: ["system/cpu_percent"] }).y.domain[1] === 100);
  assert.ok(plotOf([50, 380], { names: ["system/cpu_percent"] }).y.domain[1] > 380);
  assert.ok(plotOf(high, { names: ["val/percent"] }).y.domain[0] > 99);
  assert.ok(plotOf(high, { names: ["system/host_cpu_percent"], log: true }).y.domain[0] > 99);
  assert.deepEqual(plotOf(high, { names: ["system/host_cpu_percent"], yRange: [90, null] }).y.domain[0], 90);
});

test("a chosen range without values says where they are", () => {
  assert.deepEqual(plotOf([1, 2], { yRange: [5, 9] }).outside, [1, 2]);
  assert.deepEqual(plotOf([1, 2], { yRange: [-9, -5] }).outside, [1, 2]);
  assert.equal(plotOf([1, 2], { yRange: [1.5, 9] }).outside, null);
  assert.equal(plotOf([1, 2], {}).outside, null);
});
