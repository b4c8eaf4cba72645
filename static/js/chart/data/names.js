/** Names of runs that stay apart where they do not fit: without their common beginning, cut in the middle, with what differs where they are equal. Pure. */

/** Characters at the end of a name that are always shown, and the length from which a name is cut. */
const [END, LONG] = [8, 16];
const ID = 6;
/** Length from which a common beginning is one; it ends where a word does. */
const COMMON = 8;
const BETWEEN_WORDS = /[-_/ =,:]/;

/**
 * Return [common, beginning, end] of each name, given as [name, id or "", what tells it from equal names in place of the id]. The common beginning of all is cut off first,
 * then what is before the end; parts may be empty.
 */
export function splitNames(names) {
  const counts = new Map();
  for (const [name] of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const common = commonBeginning([...counts.keys()]);
  return names.map(([name, id, extra]) => {
    const own = name.slice(common.length);
    if (id && counts.get(name) > 1) return [common, own, ` ${extra || id.slice(-ID)}`];
    const characters = [...own];
    if (characters.length <= LONG) return common ? [common, "", own] : ["", own, ""];
    return [common, characters.slice(0, -END).join(""), characters.slice(-END).join("")];
  });
}

function commonBeginning([first, ...others]) {
  if (!others.length) return "";
  let length = 0;
  for (let i = 0; i < first.length && others.every((name) => name[i] === first[i]); i += 1) if (BETWEEN_WORDS.test(first[i])) length = i + 1;
  return length < COMMON || [first, ...others].some((name) => name.length === length) ? "" : first.slice(0, length);
}

/** Return the key of a group's curve by the values of the keys that it is grouped by: {"config.lr": 0.1}. */
export function groupKey(key) {
  return Object.values(key).map((value) => value ?? "").join("\n");
}
