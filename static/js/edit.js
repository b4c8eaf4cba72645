/** Dialog for display name, tags and note of a run, for the runs table and the run page. */

import { ask } from "./shared/dialog.js";
import { field, make, textButton } from "./dom.js";
import { jsonBody, requestJson, siteAddress } from "./http.js";
import { gettext } from "./i18n.js";

const addressOf = (id) => siteAddress(`/api/runs/${encodeURIComponent(id)}`);

/** Update fields of a run: `{display_name, tags, description, pinned, archived}`, all optional. */
export function change(id, changes) {
  // Also for who leaves the page at once; a note may be longer than what is kept alive.
  return requestJson(addressOf(id), { ...jsonBody("PATCH", changes), keepalive: !("description" in changes) });
}

/** A text field for tags: Enter or a comma adds one, Backspace removes the last. */
function tagField(tags) {
  const label = gettext("Add a tag");
  const input = make("input", { placeholder: label, "aria-label": label, list: "known-tags", maxLength: 255, autocomplete: "off" });
  const holder = make("div", { className: "tag-field" }, input);
  const chips = () => [...holder.querySelectorAll(".tag")];

  function add(text) {
    const tag = text.trim();
    if (!tag || chips().some((chip) => chip.dataset.tag === tag)) return;
    const remove = textButton("×", () => {
      chip.remove();
      input.focus();
    }, { className: "", title: gettext("Remove {tag}", { tag }), "aria-label": gettext("Remove tag {tag}", { tag }) });
    const chip = make("span", { className: "tag", "data-tag": tag }, make("bdi", { textContent: tag }), remove);
    input.before(chip);
  }

  function take() {
    for (const part of input.value.split(",")) add(part);
    input.value = "";
  }

  input.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" && !input.value) chips().at(-1)?.remove();
    else if ((event.key === "Enter" && input.value.trim()) || event.key === ",") take();
    else return;
    if (event.key !== "Backspace") event.preventDefault();
  });
  input.addEventListener("change", take);
  for (const tag of tags) add(tag);
  return { holder, input, read: () => (take(), chips().map((chip) => chip.dataset.tag)) };
}

/**
 * Open the sheet of one run at `anchor`; resolves with the run's new detail, or null when nothing was saved.
 * `first` is the field to begin in: "name", "tags" or "note".
 */
export async function editRun(id, anchor, first = "tags") {
  const before = await requestJson(addressOf(id));
  const name = make("input", { value: before.display_name ?? "", placeholder: before.name ?? "", maxLength: 255, autocomplete: "off" });
  const tags = tagField(before.tags);
  const note = make("textarea", { value: before.description, rows: 4, maxLength: 100_000 });
  const written = { name: name.value, tags: tags.read().join("\n"), note: note.value };

  /** Send what was changed here: what others changed meanwhile stays. */
  async function save() {
    const changes = {};
    if (name.value !== written.name) changes.display_name = name.value.trim();
    if (tags.read().join("\n") !== written.tags) changes.tags = tags.read();
    if (note.value !== written.note) Object.assign(changes, { description: note.value, expected_description: before.description });
    if (!Object.keys(changes).length) return before;
    try {
      return await change(id, changes);
    } catch (error) {
      if (error.status !== 409 || !("description" in changes)) throw error;
      await joinNotes();
      throw new Error(gettext("This note was changed meanwhile. The field has both texts now: check it, and save again."));
    }
  }

  /** Put the note as it is now before what was written here. */
  async function joinNotes() {
    const now = await requestJson(addressOf(id));
    const mine = note.value.startsWith(written.note) ? note.value.slice(written.note.length).trim() : note.value;
    before.description = now.description;
    note.value = now.description;
    written.note = note.value;
    note.value = [written.note.trimEnd(), mine].filter(Boolean).join("\n\n");
  }

  return ask({
    label: gettext("Name, tags and note"),
    fields: [
      field(gettext("Display name"), name),
      make("div", { className: "label", textContent: gettext("Tags") }),
      tags.holder,
      field(gettext("Note (Markdown)"), note),
    ],
    submit: gettext("Save"),
    save,
    anchor,
    opened: () => ({ name, note }[first] ?? tags.input).focus(),
  });
}
