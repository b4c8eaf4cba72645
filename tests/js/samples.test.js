/** Texts and differences of samples. */

import assert from "node:assert/strict";
import test from "node:test";

import { difference } from "../../static/js/samples/difference.js";
import { characters, conversationText } from "../../static/js/samples/plain_text.js";
import { both, columnName, literal } from "../../static/js/samples/state.js";

const text = (parts, ...kinds) => parts.filter(({ kind }) => kinds.includes(kind)).map(({ text: part }) => part).join("");

test("a difference has both texts, word by word", () => {
  const parts = difference("It is 4, because 2 + 2.", "It is 5, since 2 + 3.");
  assert.equal(text(parts, "same", "removed"), "It is 4, because 2 + 2.");
  assert.equal(text(parts, "same", "added"), "It is 5, since 2 + 3.");
  assert.deepEqual(parts.filter(({ kind }) => kind === "added").map((part) => part.text), ["5", "since", "3"]);
});

test("any two texts are rebuilt from their difference", () => {
  const words = ["a", "b", " ", "\n", "<b>", "é", "中"];
  for (let seed = 1; seed < 200; seed++) {
    let state = seed * 2654435761;
    const next = () => (state = (state * 1103515245 + 12345) >>> 0) / 2 ** 32;
    const make = () => Array.from({ length: Math.floor(next() * 12) }, () => words[Math.floor(next() * words.length)]).join("");
    const [before, after] = [make(), make()];
    const parts = difference(before, after);
    assert.equal(text(parts, "same", "removed"), before);
    assert.equal(text(parts, "same", "added"), after);
  }
});

test("long texts that differ everywhere are not aligned", () => {
  const [before, after] = ["a ".repeat(20000), "b ".repeat(20000)];
  assert.deepEqual(difference(before, after).map(({ kind }) => kind), ["removed", "added", "same"]);
});

test("conditions are joined and quoted", () => {
  assert.equal(both("", "a = 1"), "a = 1");
  assert.equal(both("a or b", "c"), "(a or b) and c");
  assert.equal(literal('say "x" \\'), '"say \\"x\\" \\\\"');
  assert.deepEqual(["reward", "rewards.format", "a b", "not"].map(columnName), ["reward", "rewards.format", '"a b"', '"not"']);
});

test("characters are counted as by the server", () => {
  assert.equal(characters("a😀b"), 3);
  assert.equal(characters("\ud83d alone"), 7);
});

test("a conversation as a text has reasoning and calls, and no null", () => {
  const call = { function: { name: "search", arguments: '{"q": 1}' } };
  const messages = [{ role: "assistant", reasoning_content: "hm", content: null, tool_calls: [call, { function: "bash", arguments: { cmd: "ls" } }] }, { role: "tool", content: [{ type: "text", text: "2" }] }];
  assert.equal(conversationText(messages), 'hm\nsearch({"q": 1})\nbash({"cmd":"ls"})\n2');
  assert.equal(conversationText([{ type: "image", path: "a" }]), '{"type":"image","path":"a"}');
  assert.equal(conversationText(undefined), "");
});
