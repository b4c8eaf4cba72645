/** Dialog for display name, tags and note of a run, for the runs table and the run page. */

import { besides, make } from "./dom.js";
import { requestJson, siteAddress } from "./http.js";
import { gettext } from "./i18n.js";

const ask = (id, options) => requestJson(siteAddress(`/api/runs/${encodeURIComponent(id)}`), options);

/** Update fields of a run: `{display_name, tags, description, pinned, archived}`, all optional. */
export function change(id, changes) {
  const headers = { "Content-Type": "application/json" };
  // Also for who leaves the page at once; a note may be longer than what is kept alive.
  const keepalive = !("description" in changes);
  return ask(id, { method: "PATCH", headers, body: JSON.stringify(changes), keepalive });
}

/** A text field for tags: Enter or a comma adds one, Backspace removes the last. */
function tagField(tags) {
  const field = make("input", { placeholder: gettext("Add a tag"), maxLength: 255, autocomplete: "off" });
  field.setAttribute("aria-label", gettext("Add a tag"));
  field.setAttribute("list", "known-tags");
  const holder = make("div", { className: "tag-field" }, field);
  const chips = () => [...holder.querySelectorAll(".tag")];

  function add(text) {
    const tag = text.trim();
    if (!tag || chips().some((chip) => chip.dataset.tag === tag)) return;
    const remove = make("button", { type: "button", textContent: "×", title: gettext("Remove {tag}", { tag }) });
    remove.setAttribute("aria-label", gettext("Remove tag {tag}", { tag }));
    const chip = make("span", { className: "tag" }, make("bdi", { textContent: tag }), remove);
    chip.dataset.tag = tag;
    remove.addEventListener("click", () => {
      chip.remove();
      field.focus();
    });
    field.before(chip);
  }

  function take() {
    for (const part of field.value.split(",")) add(part);
    field.value = "";
  }

  field.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" && !field.value) chips().at(-1)?.remove();
    else if ((event.key === "Enter" && field.value.trim()) || event.key === ",") take();
    else return;
    if (event.key !== "Backspace") event.preventDefault();
  });
  field.addEventListener("change", take);
  for (const tag of tags) add(tag);
  return { holder, field, read: () => (take(), chips().map((chip) => chip.dataset.tag)) };
}

/**
 * Open the sheet of one run at `anchor`; resolves with the run's new detail, or null when nothing was saved.
 * `first` is the field to begin in: "name", "tags" or "note".
 */
export async function editRun(id, anchor, first = "tags") {
  const problem = make("p", { className: "problem", hidden: true });
  problem.setAttribute("role", "alert");
  const dialog = make("dialog", { className: "editor" });
  dialog.setAttribute("aria-label", gettext("Name, tags and note"));
  const before = await ask(id);
  const name = make("input", { value: before.display_name ?? "", placeholder: before.name ?? "", maxLength: 255, autocomplete: "off" });
  const tags = tagField(before.tags);
  const note = make("textarea", { value: before.description, rows: 4, maxLength: 100_000 });
  const save = make("button", { className: "button main", textContent: gettext("Save"), value: "save" });
  const cancel = make("button", { className: "button quiet", textContent: gettext("Cancel"), value: "cancel", type: "button" });
  const form = make(
    "form",
    {},
    make("label", {}, make("span", { className: "label", textContent: gettext("Display name") }), name),
    make("div", { className: "label", textContent: gettext("Tags") }),
    tags.holder,
    make("label", {}, make("span", { className: "label", textContent: gettext("Note (Markdown)") }), note),
    problem,
    make("div", { className: "actions" }, save, cancel),
  );
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  Object.assign(dialog.style, besides(dialog, anchor.getBoundingClientRect()));
  ({ name, note }[first] ?? tags.field).focus();
  return new Promise((resolve) => {
    let saved = null;
    const send = async (event) => {
      event.preventDefault();
      try {
        saved = await change(id, { display_name: name.value.trim(), tags: tags.read(), description: note.value });
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
      }
    };
    form.addEventListener("submit", send);
    cancel.addEventListener("click", () => dialog.close());
    note.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(saved);
    });
  });
}
