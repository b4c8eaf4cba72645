/** Values of a query in parts: the address of a request is limited. */

export const MOST = 100, LONGEST = 4000;

/** Return lists of at most `MOST` values, in their order, whose encoded length is at most `LONGEST` if there are several. */
export function batches(values) {
  const parts = [];
  let length = Infinity;
  for (const value of values) {
    const own = new URLSearchParams({ in: value }).toString().length + 1;
    if (length + own > LONGEST || parts.at(-1).length === MOST) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1).push(value);
    length += own;
  }
  return parts;
}
