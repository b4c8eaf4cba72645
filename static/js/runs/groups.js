/** Groups of the table: opened in place, and selected with all of their members. */

import { requestJson, siteAddress } from "../http.js";
import { batches } from "../shared/batches.js";

/** Ids of the members of a group, as they were when it was selected. */
const members = new Map();
const boxes = () => [...document.querySelectorAll("input.pick-group")];

/** Fetch the ids of the members of groups, and of the groups in them. */
async function load(groups) {
  const isInside = (value) => groups.some((group) => value === group.value || value.startsWith(`${group.value.slice(0, -1)},`));
  for (const part of batches(boxes().map((box) => box.value).filter(isInside))) {
    const query = new URLSearchParams(location.search);
    for (const value of part) query.append("in", value);
    const answer = await requestJson(siteAddress(`/runs-matching?${query}`));
    for (const [group, ids] of Object.entries(answer.groups)) members.set(group, ids);
  }
}

/** Wire the rows of groups; `refresh()` takes over the table at the address, `say(sentence)` shows an error. */
export function groups(picks, refresh, say) {
  async function choose(chosen, checked) {
    try {
      await load(chosen);
    } catch (error) {
      say(error.message);
      return;
    }
    const ids = chosen.flatMap(({ value }) => members.get(value) ?? []);
    if (checked) picks.choose(ids);
    else picks.drop(ids);
  }

  /** A group is ticked if all of its members are selected. */
  function tick() {
    for (const box of boxes()) {
      const ids = members.get(box.value) ?? [];
      const count = ids.filter((id) => picks.ids.has(id)).length;
      box.checked = count > 0 && count === ids.length;
      box.indeterminate = count > 0 && count < ids.length;
    }
    const head = document.getElementById("pick-all");
    const all = boxes();
    if (!all.length || !head) return;
    head.checked = all.every((box) => box.checked);
    head.indeterminate = !head.checked && picks.ids.size > 0;
  }

  document.addEventListener("selection", tick);
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("#runs .grouped a.opener");
    const box = event.target.closest("td.pick-cell")?.querySelector("input.pick-group");
    if (opener && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      // As htmx marks its own entries: going back loads the page of the entry.
      history.pushState({ htmx: true }, "", opener.href);
      refresh();
    } else if (box) {
      if (event.target !== box) box.checked = !box.checked;
      choose([box], box.checked);
    } else if (event.target.id === "pick-all" && boxes().length) choose(boxes(), event.target.checked);
  });
}
