/** Lines of a log: colors are shown, control sequences are not, and a redrawn line has its last state. */

import assert from "node:assert/strict";
import test from "node:test";

import { lastState, pieces } from "../../static/js/log/ansi.js";

test("colors are shown and control sequences are not", () => {
  const lines = new Map([
    ["\x1b[32mok\x1b[0m done", [["ok", "ansi-green"], [" done", ""]]],
    ["\x1b[1;91mbad\x1b[22m.\x1b[39m", [["bad", "ansi-red bold"], [".", "ansi-red"]]],
    ["\x1b[38;5;4mblue\x1b[38;2;1;2;3mtrue", [["blue", "ansi-blue"], ["true", "ansi-blue"]]],
    ["a\x1b[2K\x1b[1Ab\x07\x00c\x7f", [["a", ""], ["b", ""], ["c", ""]]],
    ["\x1b]8;;http://x\x07link\x1b]8;;\x07", [["link", ""]]],
    ["tab\there", [["tab\there", ""]]],
    ["\x1b", []],
  ]);
  for (const [line, expected] of lines) assert.deepEqual(pieces(line), expected, JSON.stringify(line));
});

test("a redrawn line is shown in its last state", () => {
  assert.deepEqual(["1%\r50%\r100%", "10%\r99%\r", "whole"].map(lastState), ["100%", "99%", "whole"]);
});
