/** Dialog for display name, tags and note of a run, for the runs table and the run page. */

import { requestJson } from "./http.js";
import { gettext } from "./i18n.js";

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const ask = (id, options) => requestJson(`/api/runs/${encodeURIComponent(id)}`, options);

/** Update fields of a run: `{display_name, tags, description, pinned, archived}`, all optional. */
export function change(id, changes) {
  const headers = { "Content-Type": "application/json" };
  // Also for who leaves the page at once; a note may be longer than what is kept alive.
  const keepalive = !("description" in changes);
  return ask(id, { method: "PATCH", headers, body: JSON.stringify(changes), keepalive });
}

/** A text field for tags: Enter or a comma adds one, Backspace removes the last. */
function tagField(tags) {
  const field = element("input", { placeholder: gettext("Add a tag"), maxLength: 255, autocomplete: "off" });
  field.setAttribute("aria-label", gettext("Add a tag"));
  field.setAttribute("list", "known-tags");
  const holder = element("div", { className: "tag-field" }, field);
  const chips = () => [...holder.querySelectorAll(".tag")];

  function add(text) {
    const tag = text.trim();
    if (!tag || chips().some((chip) => chip.dataset.tag === tag)) return;
    const remove = element("button", { type: "button", textContent: "×", title: gettext("Remove {tag}", { tag }) });
    remove.setAttribute("aria-label", gettext("Remove tag {tag}", { tag }));
    const chip = element("span", { className: "tag" }, element("bdi", { textContent: tag }), remove);
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

function place(dialog, anchor) {
  const box = anchor.getBoundingClientRect();
  const [width, height] = [dialog.offsetWidth, dialog.offsetHeight];
  dialog.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  dialog.style.top = `${box.bottom + height + 8 < innerHeight ? box.bottom + 4 : Math.max(8, box.top - height - 4)}px`;
}

/**
 * Open the sheet of one run at `anchor`; resolves with the run's new detail, or null when nothing was saved.
 * `first` is the field to begin in: "name", "tags" or "note".
 */
export async function editRun(id, anchor, first = "tags") {
  const problem = element("p", { className: "problem", hidden: true });
  problem.setAttribute("role", "alert");
  const dialog = element("dialog", { className: "editor" });
  dialog.setAttribute("aria-label", gettext("Name, tags and note"));
  const before = await ask(id);
  const name = element("input", { value: before.display_name ?? "", placeholder: before.name ?? "", maxLength: 255, autocomplete: "off" });
  const tags = tagField(before.tags);
  const note = element("textarea", { value: before.description, rows: 4, maxLength: 100_000 });
  const save = element("button", { className: "button main", textContent: gettext("Save"), value: "save" });
  const cancel = element("button", { className: "button quiet", textContent: gettext("Cancel"), value: "cancel", type: "button" });
  const form = element(
    "form",
    {},
    element("label", {}, element("span", { className: "label", textContent: gettext("Display name") }), name),
    element("div", { className: "label", textContent: gettext("Tags") }),
    tags.holder,
    element("label", {}, element("span", { className: "label", textContent: gettext("Note (Markdown)") }), note),
    problem,
    element("div", { className: "actions" }, save, cancel),
  );
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  place(dialog, anchor);
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
