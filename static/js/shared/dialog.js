/** Dialogs that ask: a form with fields, a problem below them, and the buttons that end it. */

import { besides, make, textButton } from "../dom.js";
import { gettext } from "../i18n.js";

const TYPED = "textarea, input:not([type]), [type=text]";

/**
 * Open a dialog with `fields`, and resolve with what `save()` returned, or null. A dialog stays open while `save()`
 * returns nothing, or throws an error, whose message is shown.
 *
 * `label` names the dialog, `title` is also seen; `submit` and `cancel` are texts of buttons. With `anchor` the dialog is
 * beside that element, and aligned with its right edge if `end`. `opened(form)` is called when it is on the page.
 * Escape discards what was typed only when it is pressed twice.
 */
export function ask({ title, label = title, fields, submit, cancel = gettext("Cancel"), save, anchor, end, opened }) {
  const problem = make("p", { className: "problem", role: "alert", hidden: true });
  const button = make("button", { className: "button main", textContent: submit });
  const buttons = make("div", { className: "actions" }, button, textButton(cancel, () => dialog.close(), { className: "button quiet" }));
  const form = make("form", {}, ...(title ? [make("h2", { textContent: title })] : []), ...fields, problem, buttons);
  const dialog = make("dialog", { className: anchor ? "asks anchored" : "asks", "aria-label": label }, form);
  document.body.append(dialog);
  dialog.showModal();
  if (anchor) Object.assign(dialog.style, besides(dialog, anchor, end));
  opened?.(form);
  return new Promise((resolve) => {
    let [result, unsaved] = [null, false];
    form.addEventListener("input", ({ target }) => {
      if (target.matches(TYPED)) unsaved = true;
    });
    dialog.addEventListener("cancel", (event) => {
      if (!unsaved) return;
      event.preventDefault();
      unsaved = false;
      problem.textContent = gettext("Press Escape again to discard what you typed.");
      problem.hidden = false;
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        result = (await save()) ?? null;
        problem.hidden = true;
        if (result !== null) dialog.close();
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
      }
      button.disabled = false;
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
  });
}
