/** Names of runs that stay apart where they do not fit: cut in the middle, and with an id where they are equal. Pure. */

/** Characters at the end of a name that are always shown, and the length from which a name is cut. */
const [END, LONG] = [8, 16];
const ID = 6;

/** Return [beginning, end] of each name, given as [name, id or ""]; the beginning is what may be cut off. */
export function splitNames(names) {
  const counts = new Map();
  for (const [name] of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return names.map(([name, id]) => {
    if (id && counts.get(name) > 1) return [name, ` ${id.slice(-ID)}`];
    const characters = [...name];
    if (characters.length <= LONG) return [name, ""];
    return [characters.slice(0, -END).join(""), characters.slice(-END).join("")];
  });
}
