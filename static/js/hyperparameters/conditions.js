/** Conditions of the list on what a user has brushed. Pure. */

/** Return the condition that a field is within {low, high} or among {words}; "" for none. */
export function conditionOf(field, { low, high, words }) {
  if (words) return words.length ? `${field} in (${words.map(quoted).join(", ")})` : "";
  const [from, to] = [shortest(low, Math.floor), shortest(high, Math.ceil)];
  return `${field} >= ${from} and ${field} <= ${to}`;
}

/** Return a condition that holds where both do. */
export function conjunction(before, added) {
  if (!before.trim()) return added;
  const first = /\bor\b/i.test(before) ? `(${before})` : before;
  return `${first} and ${added}`;
}

/** Return the name of a field as in a condition: `config."learning rate"`. */
export function fieldOf(kind, name, statistic = "") {
  const plain = /[\s(),=!<>"'~]/.test(name) ? quoted(name) : name;
  return [kind, plain, ...(statistic ? [statistic] : [])].join(".");
}

function quoted(text) {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** Return a number with four digits, rounded outwards. */
function shortest(value, round) {
  if (!value) return "0";
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 3);
  // Not by an error in the last bit.
  const exact = Number((value / unit).toPrecision(12));
  return String(Number((round(exact) * unit).toPrecision(4)));
}
