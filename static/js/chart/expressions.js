/** Regular expressions that users write. */

/** Return a regular expression, or null for an invalid one. Those of boards distinguish upper and lower case, as in Python. */
export function compiled(source, flags = "") {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}
