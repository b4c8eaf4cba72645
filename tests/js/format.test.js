/** Numbers are shown with five digits and can be read back; labels of an axis differ. */

import assert from "node:assert/strict";
import test from "node:test";

import { numberTicks, powerTicks } from "../../static/js/chart/scales/axis_ticks.js";
import { linearTicks, logTicks } from "../../static/js/chart/scales/ticks.js";
import { alignNumbers, formatNumber, tickLabel } from "../../static/js/chart/text/format.js";
import { random } from "./random.js";

const next = random(11);
/** A number of any size and sign. */
const any = (most = 300) => (next() - 0.5) * 10 ** ((next() - 0.5) * 2 * most);
const parse = (text) => Number(text.replaceAll(",", "").replace("−", "-").replace(/[\u2007\u2008]/g, "").replace("k", "e3").replace("M", "e6").replace("G", "e9"));
const isNear = (a, b, part) => Math.abs(a - b) <= Math.abs(b) * part;

test("a number reads back as itself to five digits, in at most eleven characters", () => {
  for (let round = 0; round < 5000; round += 1) {
    const value = next() < 0.5 ? any() : any(8), text = formatNumber(value);
    assert.ok(isNear(parse(text), value, 0.5e-4), `${value} ${text}`);
    assert.ok(text.length <= 12, `${value} ${text}`);
  }
  for (let round = 0; round < 1000; round += 1) {
    const whole = Math.round(any(8));
    if (Math.abs(whole) < 1e9) assert.equal(parse(formatNumber(whole)), whole + 0);
  }
});

test("a column keeps its numbers and its points stand in line", () => {
  for (let round = 0; round < 300; round += 1) {
    const values = Array.from({ length: 6 }, () => any(4)), texts = alignNumbers(values);
    texts.forEach((text, i) => assert.ok(isNear(parse(text), values[i], 0.5e-4), `${values[i]} ${text}`));
    const plain = texts.filter((text) => !text.includes("e"));
    const ends = new Set(plain.map((text) => text.length - Math.max(text.indexOf("."), text.indexOf("\u2008"))).filter((_, i) => /[.\u2008]/.test(plain[i])));
    assert.ok(ends.size <= 1, JSON.stringify(texts));
  }
});

test("ticks lie in the range, at equal distances of one, two or five, and are few", () => {
  for (let round = 0; round < 3000; round += 1) {
    const low = any(12), high = low + Math.abs(any(12)), count = 2 + Math.floor(next() * 10);
    if (!(high > low) || high - low < Math.abs(low) * 1e-9) continue;
    const ticks = linearTicks(low, high, count), step = ticks[1] - ticks[0], slack = (high - low) * 1e-6;
    assert.ok(ticks.length <= 2 * count + 2 && ticks.every((tick) => tick >= low - slack && tick <= high + slack), `${low} ${high} ${ticks}`);
    if (ticks.length < 3) continue;
    ticks.slice(1).forEach((tick, i) => assert.ok(Math.abs(tick - ticks[i] - step) < step * 1e-3, `${ticks}`));
    const digit = Math.round(step / 10 ** Math.floor(Math.log10(step) + 1e-9));
    assert.ok([1, 2, 5, 10].includes(digit), `${step}`);
  }
});

test("the labels of an axis differ and read as their ticks", () => {
  for (let round = 0; round < 3000; round += 1) {
    const low = any(9), high = low + Math.abs(any(9));
    if (!(high - low > Math.abs(low) * 1e-3)) continue;
    const ticks = numberTicks(0)([low, high], 6);
    assert.ok(new Set(ticks.map(({ label }) => label)).size === ticks.length, JSON.stringify(ticks));
    ticks.forEach(({ value, label }) => assert.ok(Math.abs(parse(label) - value) <= Math.max(Math.abs(value), high - low) * 1e-3, `${value} ${label}`));
  }
  for (let round = 0; round < 500; round += 1) {
    const low = 10 ** (next() * 12 - 6), high = low * 10 ** (1 + next() * 10);
    const ticks = powerTicks([low, high], 6, 0);
    assert.ok(new Set(ticks.map(({ label }) => label)).size === ticks.length, JSON.stringify(ticks));
    assert.ok(logTicks(low, high, 6).every((tick) => tick >= low && tick <= high));
  }
});

test("a tick of zero has no sign", () => {
  assert.deepEqual([tickLabel(-0, 1), tickLabel(0, 0.1), formatNumber(-0)], ["0", "0", "0"]);
});
