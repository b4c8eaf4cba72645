/** `node:test` for browsers: tests that are collected, then run by `run()`. */

const tests = [];

export default function test(name, run) {
  tests.push({ name, run });
}

/** Run all tests; return their names and the messages of those that failed. */
export async function run() {
  const failures = [];
  for (const { name, run } of tests) {
    try {
      await run();
    } catch (error) {
      failures.push(`${name}: ${error.message}`);
    }
  }
  return { names: tests.map(({ name }) => name), failures };
}
