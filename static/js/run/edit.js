/** Edits on the run page: tags, note, pinned, archived, delete. */

import { isShortcut } from "../dom.js";
import { change, editRun } from "../edit.js";
import { request } from "../http.js";
import { redraw } from "./header.js";

const KEYS = { t: "tags", n: "note" };

/** Wire the buttons in the head of the run `id`, and the keys t and n. */
export function editInPlace(id) {
  const refusal = document.getElementById("refusal");

  /** Run `action`; show its error below the header. */
  async function attempt(action) {
    refusal.hidden = true;
    try {
      if (await action()) await redraw();
    } catch (error) {
      refusal.textContent = error.message;
      refusal.hidden = false;
    }
  }

  async function edit(first) {
    const button = () => document.querySelector(`#header [data-edit="${first}"]:not([data-denied])`);
    if (!button()) return;
    // A phone folds the facts with their buttons.
    if (!button().checkVisibility()) document.getElementById("more-facts").open = true;
    await attempt(() => editRun(id, button(), first));
    button().focus();
  }

  /** The server redirects to the table, which offers undo. */
  async function remove(form) {
    const response = await request(form.action, { method: "POST", body: new FormData(form), keepalive: true });
    location.assign(response.url);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#header [data-edit], #header [data-flag]");
    if (button?.dataset.edit) edit(button.dataset.edit);
    else if (button) attempt(() => change(id, { [button.dataset.flag]: button.dataset.now !== "true" }));
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#header")) return;
    event.preventDefault();
    attempt(() => remove(event.target));
  });

  document.addEventListener("keydown", (event) => {
    if (!Object.hasOwn(KEYS, event.key) || !isShortcut(event)) return;
    event.preventDefault();
    edit(KEYS[event.key]);
  });
}
