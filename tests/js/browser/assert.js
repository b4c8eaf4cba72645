/** What the tests use of `node:assert/strict`, for browsers. */

function fail(actual, expected, message = "") {
  throw new Error(`${message} ${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
}

function isEqual(actual, expected) {
  if (Object.is(actual, expected)) return true;
  if (typeof actual !== "object" || typeof expected !== "object" || !actual || !expected) return false;
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) return false;
  const keys = Object.keys(actual);
  return keys.length === Object.keys(expected).length && keys.every((key) => isEqual(actual[key], expected[key]));
}

export default {
  ok(value, message) {
    if (!value) fail(value, true, message);
  },
  equal(actual, expected, message) {
    if (!Object.is(actual, expected)) fail(actual, expected, message);
  },
  match(actual, pattern, message) {
    if (!pattern.test(actual)) fail(actual, String(pattern), message);
  },
  deepEqual(actual, expected, message) {
    if (!isEqual(actual, expected)) fail(actual, expected, message);
  },
};
