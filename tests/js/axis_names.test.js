/** The name of an x axis never covers a label, and stands above the axis only where there is no other place. */

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
  for (const [end, values] of [[2370, [1000, 2000]], [2000, [0, 500, 1000, 1500, 2000]], [2100, [0, 1000, 2000]], [10, []]]) {
    const drawn = texts(end, values);
    const name = drawn.find(({ text }) => text === "step");
    assert.equal(name.top, 106, `${end}`);
    assert.ok(name.right <= 348);
    for (const label of drawn) {
      if (label !== name && label.top === name.top) assert.ok(label.right < name.left, `${label.text} of ${end}`);
    }
  }
});

test("the name of an axis goes above the axis where two labels would not be left", () => {
  const drawn = texts(2000, [1000, 2000]);
  assert.ok(drawn.find(({ text }) => text === "step").top < 100);
  assert.deepEqual(drawn.map(({ text }) => text), ["1000", "2000", "step"]);
});
