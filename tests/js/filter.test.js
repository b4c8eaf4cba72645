/** The filter of charts knows words, alternatives and regular expressions. */

import assert from "node:assert/strict";
import test from "node:test";

import { matcher } from "../../static/js/board/filter.js";

const NAMES = ["val/acc", "val/loss", "train/loss", "lr", "system/cpu"];

test("words, alternatives and regular expressions are found", () => {
  const matches = {
    "acc|train": ["val/acc", "train/loss"],
    "/^val/": ["val/acc", "val/loss"],
    "loss -val": ["train/loss"],
    "/(/": NAMES,
    "": NAMES,
  };
  for (const [text, names] of Object.entries(matches)) assert.deepEqual(NAMES.filter(matcher(text)), names, text);
});
