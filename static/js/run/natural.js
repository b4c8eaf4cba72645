/** Natural sort order: `layer_2` before `layer_10`, as in runicorn_site/web/natural_sort.py. */

/** Whether `a` comes before `b`: negative, or after it: positive. */
export function natural(a, b) {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    if (left[i] === right[i]) continue;
    if (i % 2 && left[i].length !== right[i].length) return left[i].length - right[i].length;
    return left[i] < right[i] ? -1 : 1;
  }
  return left.length - right.length || (a < b ? -1 : Number(a > b));
}

/** Texts and numbers in turn, the numbers without zeros in front. */
function parts(name) {
  return name.split(/([0-9]+)/).map((part, i) => (i % 2 ? part.replace(/^0+/, "") : part));
}
