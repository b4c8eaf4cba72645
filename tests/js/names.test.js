/** Names that do not fit stay apart. */

import assert from "node:assert/strict";
import test from "node:test";

import { splitNames } from "../../static/js/chart/data/names.js";
import { random } from "./random.js";

test("equal names end in their ids, long ones in their own end", () => {
  const names = [["baseline", "20260101_000000_00000a"], ["baseline", "20260101_000000_00000b"], ["vit-b16-lion-lr0.1-seed3", "x"], ["short", "y"]];
  assert.deepEqual(splitNames(names), [["", "baseline", " 00000a"], ["", "baseline", " 00000b"], ["", "vit-b16-lion-lr0", ".1-seed3"], ["", "short", ""]]);
});

test("equal names end in what differs, if it is known", () => {
  const names = [["baseline", "20260101_000000_00000a", "seed=1024"], ["baseline", "20260101_000000_00000b", "seed=7"]];
  assert.deepEqual(splitNames(names), [["", "baseline", " seed=1024"], ["", "baseline", " seed=7"]]);
});

test("what all names begin with is a part of its own, up to the end of a word", () => {
  const split = (...names) => splitNames(names.map((name) => [name, "x"]));
  assert.deepEqual(split("resnet50-cosine-lr0.1-s3", "resnet50-cosine-lr0.01-s2"), [["resnet50-cosine-", "", "lr0.1-s3"], ["resnet50-cosine-", "", "lr0.01-s2"]]);
  assert.deepEqual(split("resnet50-a-name-longer-than-sixteen", "resnet50-b")[0], ["resnet50-", "a-name-longer-than", "-sixteen"]);
  assert.deepEqual(split("run-1", "run-2"), [["", "run-1", ""], ["", "run-2", ""]], "too short to save anything");
  assert.deepEqual(split("resnet50-", "resnet50-b"), [["", "resnet50-", ""], ["", "resnet50-b", ""]], "each has something of its own");
  assert.deepEqual(split("resnet50-alone"), [["", "resnet50-alone", ""]]);
});

test("no name loses a character, and equal names differ", () => {
  const next = random(3), letters = [..."ab-0é😀漢"];
  for (let round = 0; round < 200; round += 1) {
    const names = Array.from({ length: 8 }, (_, i) => [Array.from({ length: Math.floor(next() * 40) }, () => letters[Math.floor(next() * letters.length)]).join(""), `id_${round}_${i}`.padStart(12, "0")]);
    names.push([names[0][0], "id_twin_000000"]);
    const parts = splitNames(names);
    parts.forEach((cut, i) => assert.ok(cut.join("").startsWith(names[i][0])));
    assert.ok(parts[0].join("") !== parts.at(-1).join(""));
  }
});
