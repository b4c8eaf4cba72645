/** The name of an x axis is in the row of its labels and covers none. */

import assert from "node:assert/strict";
import test from "node:test";

import { drawAxes } from "../../static/js/chart/render/axes.js";

/** Draw an x axis of 0 to `end` on 300 pixels; return its texts with their left and right edges and their heights. */
function texts(end, values, corner = "step") {
  const drawn = [];
  const context = {
    measureText: (text) => ({ width: text.length * 6 }),
    fillText(text, at, top) {
      const width = text.length * 6;
      const left = at - { left: 0, center: width / 2, right: width }[this.textAlign];
      drawn.push({ text, left, right: left + width, top });
    },
    beginPath() {}, moveTo() {}, lineTo() {}, stroke() {},
  };
  const x = { at: (value) => 40 + (value / end) * 300 };
  const xTicks = values.map((value) => ({ value, label: String(value) }));
  drawAxes(context, { box: { left: 40, right: 340, top: 0, bottom: 100 }, x, y: x, xTicks, yTicks: [], corner }, {});
  return drawn;
}

test("the name of an axis is in the row of the labels and covers none", () => {
  for (const [end, values] of [[2370, [1000, 2000]], [2000, [0, 500, 1000, 1500, 2000]], [2100, [0, 1000, 2000]], [10, []], [2000, [1000, 2000]], [2000, [2000]]]) {
    const drawn = texts(end, values);
    const name = drawn.find(({ text }) => text === "step");
    assert.equal(name.top, 106, `${end}`);
    assert.ok(name.right <= 348);
    for (const label of drawn) {
      if (label !== name && label.top === name.top) assert.ok(label.right < name.left || label.left > name.right, `${label.text} of ${end}`);
    }
  }
});

test("the name of an axis takes the place of the last label only if two others are left", () => {
  assert.deepEqual(texts(2000, [0, 1000, 2000]).map(({ text }) => text), ["0", "1000", "step"]);
  assert.deepEqual(texts(2000, [1000, 2000]).map(({ text }) => text), ["1000", "2000", "step"]);
  assert.deepEqual(texts(2000, [1000, 1950], "a metric with a long name").map(({ text }) => text), ["1000", "1950"]);
});
