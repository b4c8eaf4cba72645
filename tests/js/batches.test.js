/** Every value is in one part, and no part makes an address too long. */

import assert from "node:assert/strict";
import test from "node:test";

import { batches, LONGEST, MOST } from "../../static/js/shared/batches.js";

const encoded = (part) => new URLSearchParams(part.map((value) => ["in", value])).toString().length;

test("values are sent in parts, none is lost, and their order stays", () => {
  const paths = Array.from({ length: 450 }, (_, i) => `["/data/experiments/imagenet/run-${i}/検査/checkpoints"]`);
  const parts = batches(paths);
  assert.deepEqual(parts.flat(), paths);
  for (const part of parts) assert.ok(part.length <= MOST && encoded(part) <= LONGEST, `${part.length} ${encoded(part)}`);
  const short = batches(Array.from({ length: 250 }, (_, i) => `[${i}]`));
  assert.deepEqual(short.map((part) => part.length), [100, 100, 50]);
});

test("a value that is too long alone is sent alone, and nothing is nothing", () => {
  const long = `["${"x".repeat(LONGEST)}"]`;
  assert.deepEqual(batches(["[1]", long, "[2]"]), [["[1]"], [long], ["[2]"]]);
  assert.deepEqual(batches([]), []);
});
