/** Names that do not fit stay apart. */

import assert from "node:assert/strict";
import test from "node:test";

import { splitNames } from "../../static/js/chart/data/names.js";
import { random } from "./random.js";

test("equal names end in their ids, long ones in their own end", () => {
  const names = [["baseline", "20260101_000000_00000a"], ["baseline", "20260101_000000_00000b"], ["vit-b16-lion-lr0.1-seed3", "x"], ["short", "y"]];
  assert.deepEqual(splitNames(names), [["baseline", " 00000a"], ["baseline", " 00000b"], ["vit-b16-lion-lr0", ".1-seed3"], ["short", ""]]);
});

test("no name loses a character, and equal names differ", () => {
  const next = random(3), letters = [..."ab-0é😀漢"];
  for (let round = 0; round < 200; round += 1) {
    const names = Array.from({ length: 8 }, (_, i) => [Array.from({ length: Math.floor(next() * 40) }, () => letters[Math.floor(next() * letters.length)]).join(""), `id_${round}_${i}`.padStart(12, "0")]);
    names.push([names[0][0], "id_twin_000000"]);
    const parts = splitNames(names);
    parts.forEach(([beginning, end], i) => assert.ok(`${beginning}${end}`.startsWith(names[i][0])));
    assert.ok(parts[0].join("") !== parts.at(-1).join(""));
  }
});
