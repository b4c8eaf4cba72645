/** Which config keys are axes of parallel coordinates. Pure. */

const [MOST_AXES, MOST_WORDS] = [7, 12];

/** Return the chosen key, and keys that differ between the shown runs: numbers first, and texts that are hardly ever equal last. */
export function axisKeys(config, shown, chosen) {
  const rated = [...config].flatMap(([key, values]) => {
    const distinct = new Set(shown.map(({ i }) => values[i]).filter((value) => value !== null));
    const isNumeric = [...distinct].every((value) => typeof value === "number");
    return key === chosen || distinct.size > 1 ? [{ key, rank: key === chosen ? 0 : isNumeric ? 1 : distinct.size <= MOST_WORDS ? 2 : 3 }] : [];
  });
  return rated.sort((a, b) => a.rank - b.rank).slice(0, MOST_AXES).map(({ key }) => key);
}
