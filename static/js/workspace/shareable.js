/** What can be shared of the charts: the visible runs, and a board with the runs of its project. */

import { gettext, ngettext } from "../i18n.js";

/** Return the offers ([{kind, target, label}]) for runs with these ids and a board ({project, name}), if there is one. */
export function shareable(keys, { project, name } = {}) {
  const runs = { kind: "compare", target: keys.join(","), label: ngettext("{n} visible run", "{n} visible runs", keys.length) };
  const board = { kind: "board", target: `${project}/${name}`, label: gettext("Board “{name}” with all runs of {project}", { name, project }) };
  return [...(keys.length ? [runs] : []), ...(project ? [board] : [])];
}
