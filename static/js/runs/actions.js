/** Actions on all selected runs: in batches, with progress, and with an undo that survives a reload. */

import { requestJson } from "../http.js";
import { save } from "./export.js";
import { Outcome } from "./outcome.js";
import { count } from "./select.js";

const BATCH = 100;
const PAST = {
  delete: ["moved to the recycle bin", "restore"],
  restore: ["restored", ""],
  tag: ["tagged", "untag"],
  untag: ["no longer tagged", ""],
  pin: ["pinned", "unpin"],
  unpin: ["no longer pinned", ""],
  archive: ["archived", "unarchive"],
  unarchive: ["no longer archived", "archive"],
};

async function batch(action, tag, ids) {
  const body = new URLSearchParams({ action, tag });
  for (const id of ids) body.append("run_ids", id);
  body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  return requestJson("/runs-change", { method: "POST", body });
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
    let refused = 0;
    let problem = "";
    try {
      for (let at = 0; at < ids.length; at += BATCH) {
        if (ids.length > BATCH) say(`${at.toLocaleString("en")} of ${count(ids.length)} done.`, at, ids.length);
        const answer = await batch(action, tag, ids.slice(at, at + BATCH));
        changed.push(...answer.changed);
        refused += answer.refused;
      }
    } catch (error) {
      problem = error.message;
    }
    busy = false;
    finish(action, tag, changed, refused, problem);
  }

  async function finish(action, tag, changed, refused, problem) {
    const [past, inverse] = PAST[action];
    const left = refused ? ` ${count(refused)} could not be changed.` : "";
    outcome.tell({
      text: `${count(changed.length)} ${past}.${left}${problem ? ` ${problem}` : ""}`,
      failed: Boolean(problem || refused),
      back: inverse && changed.length ? [inverse, tag, changed] : null,
    });
    if (action === "delete" || action === "archive" || action === "unarchive") picks.clear();
    await refresh();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]");
    if (button) start(button);
    else if (event.target.closest("#export")) save(event.target.closest("#export"), picks.ids);
    else if (event.target.id === "pick-matching") chooseAll(event.target);
    else return;
    event.preventDefault();
  });

  function start(button) {
    const field = document.getElementById("tag-all");
    const tag = field.value.trim();
    if (button.dataset.action === "tag" && !tag) field.focus();
    else run(button.dataset.action, tag, [...picks.ids]);
  }

  async function chooseAll(button) {
    button.disabled = true;
    try {
      const { ids, total } = await requestJson(`/runs-matching${location.search}`);
      picks.choose(ids);
      if (total > ids.length) say(`The first ${count(ids.length)} of ${total.toLocaleString("en")} are selected.`);
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
  }

  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "tag-all" || event.key !== "Enter") return;
    event.preventDefault();
    start(document.querySelector('[data-action="tag"]'));
  });
}
