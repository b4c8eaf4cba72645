/** Actions on all selected runs: in batches, with progress, and with an undo that survives a reload. */

import { formBody, jsonBody, requestJson, siteAddress } from "../http.js";
import { gettext } from "../i18n.js";
import { save } from "./export.js";
import { Outcome } from "./outcome.js";
import { count } from "./select.js";

const BATCH = 100;
/** The sentence about what was done to `{runs}`, and the inverse action if it can be undone. */
const DONE = {
  delete: [gettext("{runs} moved to the recycle bin."), "restore"],
  restore: [gettext("{runs} restored.")],
  tag: [gettext("{runs} tagged."), "untag"],
  untag: [gettext("{runs} no longer tagged.")],
  pin: [gettext("{runs} pinned."), "unpin"],
  unpin: [gettext("{runs} no longer pinned.")],
  color: [gettext("{runs} coloured.")],
  archive: [gettext("{runs} archived."), "unarchive"],
  unarchive: [gettext("{runs} no longer archived."), "archive"],
  move: [gettext("{runs} moved to another project."), "move"],
};
/** The field with the word that an action needs. */
const FIELDS = { tag: "tag-all", move: "move-to", color: "color-all" };

/** Move runs; the way back leads to the one project that all of them came from. */
async function move(project, ids) {
  const { previous, results } = await requestJson(siteAddress("/api/runs/move"), jsonBody("POST", { run_ids: ids, project }));
  const changed = Object.keys(previous);
  return { changed, refused: Object.keys(results).length - changed.length, from: Object.values(previous) };
}

async function batch(action, tag, ids) {
  if (action === "move") return move(tag, ids);
  return requestJson(siteAddress("/runs-change"), formBody([["action", action], ["tag", tag], ...ids.map((id) => ["run_ids", id])]));
}

/** Wire the selection bar; `refresh()` reloads the table. */
export function actions(picks, refresh) {
  const outcome = new Outcome(document.getElementById("outcome"), (way) => run(...way));
  const say = (text, done = 1, total = 1) => outcome.say(text, done, total);
  let busy = false;

  async function run(action, tag, ids) {
    if (busy || !ids.length) return;
    busy = true;
    const changed = [];
    const from = new Set();
    let refused = 0;
    let problem = "";
    try {
      for (let at = 0; at < ids.length; at += BATCH) {
        if (ids.length > BATCH) say(gettext("{at} of {runs} done.", { at: at.toLocaleString("en"), runs: count(ids.length) }), at, ids.length);
        const answer = await batch(action, tag, ids.slice(at, at + BATCH));
        changed.push(...answer.changed);
        refused += answer.refused;
        for (const project of answer.from ?? []) from.add(project);
      }
    } catch (error) {
      problem = error.message;
    }
    busy = false;
    finish(action, action !== "move" ? tag : from.size === 1 ? [...from][0] : null, changed, refused, problem);
  }

  async function finish(action, tag, changed, refused, problem) {
    const [done, inverse] = DONE[action];
    const left = refused ? gettext("{runs} could not be changed.", { runs: count(refused) }) : "";
    outcome.tell({
      text: [done.replace("{runs}", count(changed.length)), left, problem].filter(Boolean).join(" "),
      failed: Boolean(problem || refused),
      back: inverse && changed.length && tag !== null ? [inverse, tag, changed] : null,
    });
    if (action === "delete" || action === "archive" || action === "unarchive") picks.clear();
    await refresh();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    if (button) start(button);
    else if (event.target.closest("#export")) save(event.target.closest("#export"), picks.ids);
    else if (event.target.id === "pick-matching") chooseAll(event.target);
    else return;
    event.preventDefault();
  });

  document.addEventListener("change", ({ target }) => target.id === FIELDS.color && start(target));

  function start(button) {
    const { action } = button.dataset;
    const field = document.getElementById(FIELDS[action]);
    const word = field?.value.trim() ?? "";
    if (field && !word) field.focus();
    else run(action, word, [...picks.ids]);
  }

  async function chooseAll(button) {
    button.disabled = true;
    try {
      const { ids, total } = await requestJson(siteAddress(`/runs-matching${location.search}`));
      picks.choose(ids);
      if (total > ids.length) {
        const counts = { runs: count(ids.length), total: total.toLocaleString("en") };
        say(gettext("Only the first {runs} of {total} are selected.", counts));
      }
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
  }

  document.addEventListener("keydown", (event) => {
    const [action] = Object.entries(FIELDS).find(([, id]) => id === event.target.id) ?? [];
    if (!action || action === "color" || event.key !== "Enter") return;
    event.preventDefault();
    start(document.querySelector(`[data-action="${action}"]`));
  });
}
