/** Which runs have visible curves. Pure. `runs/pages/workspace/candidates.py` follows the same rules. */

const FIRST = 10;
export const MOST_VISIBLE = 100;
const ALL = "all";

/** Return the ids of the runs that are visible by default. */
function usual({ runs, show, hide, of }, listed) {
  if (hide.includes(ALL)) return [];
  if (of) return listed;
  return show.includes(ALL) || runs.length ? listed : listed.slice(0, FIRST);
}

/** Return the ids of the runs that have charts, whether their curves are hidden or not. `listed`: ids of the page. */
export function candidates(choice, listed) {
  const shown = choice.show.filter((id) => id !== ALL);
  return [...new Set([...usual(choice, listed), ...shown])].slice(0, MOST_VISIBLE);
}

/** Return the ids of the runs whose curves are visible. */
export function visible(choice, listed) {
  if (choice.solo) return [choice.solo];
  const hidden = new Set(choice.hide);
  return candidates(choice, listed).filter((id) => !hidden.has(id));
}

/** Return the choice with a run shown or hidden. */
export function toggled(choice, listed, id) {
  if (choice.solo) {
    if (choice.solo === id) return { ...choice, solo: "" };
    return { ...choice, solo: "", show: [choice.solo, id], hide: [ALL] };
  }
  const [show, hide] = [without(choice.show, id), without(choice.hide, id)];
  const isUsual = usual(choice, listed).includes(id);
  if (visible(choice, listed).includes(id)) return { ...choice, show, hide: isUsual ? [...hide, id] : hide };
  return { ...choice, show: isUsual ? show : [...show, id], hide };
}

/** Return the choice with one run alone, or with the others again if it is alone. */
export function soloed(choice, id) {
  return { ...choice, solo: choice.solo === id ? "" : id, hide: without(choice.hide, id) };
}

/** Return the choice with all runs of the page shown, or none. */
export function allShown(choice, shown) {
  const show = shown && !choice.runs.length ? [ALL] : [];
  return { ...choice, solo: "", show, hide: shown ? [] : [ALL] };
}

/** Return the choice with one more run. */
export function added(choice, listed, id) {
  const before = { ...choice, solo: "", hide: without(choice.hide, id) };
  if (choice.runs.length) return { ...before, runs: [...new Set([...choice.runs, id])] };
  return usual(before, listed).includes(id) ? before : { ...before, show: [...without(choice.show, id), id] };
}

/** Return the choice without a run. */
export function removed(choice, listed, id) {
  const solo = choice.solo === id ? "" : choice.solo;
  if (choice.runs.length > 1 && choice.runs.includes(id)) {
    return { ...choice, solo, runs: without(choice.runs, id), hide: without(choice.hide, id) };
  }
  return visible({ ...choice, solo: "" }, listed).includes(id) ? toggled({ ...choice, solo: "" }, listed, id) : { ...choice, solo };
}

function without(ids, id) {
  return ids.filter((other) => other !== id);
}
