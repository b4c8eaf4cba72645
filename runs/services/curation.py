"""Edit tags, description, name, color, project, pinned and archived of runs, in `curation.json`, which only the server writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from runicorn.api.responses.runs import RunResult
from runicorn.store import curation, layout
from runs.errors import NoteChanged, NoteTooLong, RunInUse
from runs.models import Run, StorageRoot
from runs.services import write_through
from runs.store.reader import clean_tags
from runs.store.sanitize import clean_text


def edit_run(
    *,
    run: Run,
    tags: Sequence[str] | None = None,
    description: str | None = None,
    append_description: str | None = None,
    expected_description: str | None = None,
    pinned: bool | None = None,
    archived: bool | None = None,
    display_name: str | None = None,
    color: str | None = None,
    project: str | None = None,
    keep_tags: bool = False,
) -> Run:
    """Change the given fields of a run and return its refreshed row.

    With `keep_tags`, `tags` are added to the existing ones; `append_description` is a paragraph that is added to the
    description as it is in the file, which `description` replaces only if it is `expected_description`, if that is given.

    Raises:
        NoteChanged: the description is another one by now; nothing was changed.
        NoteTooLong: the description would be too long; nothing was changed.
        RunInUse: a run that is running or being uploaded is not moved; nothing was changed.
        ReadOnlyStore: the run's folder cannot be written; the row is unchanged.
    """
    if project is not None:
        try:
            refuse_in_use(run)
        except write_through.RunNotChanged as refused:
            raise RunInUse("Not moved: {reason}", reason=str(refused)) from refused
    fields = {
        "tags": tags,
        "description": description,
        "pinned": pinned,
        "archived": archived,
        "display_name": display_name,
        "color": color,
        "project": project,
    }
    changes = cast(curation.RunFields, {key: value for key, value in fields.items() if value is not None})
    if not changes and append_description is None:
        return run

    def change(now: curation.RunFields) -> curation.RunFields:
        result = changes.copy()
        if expected_description not in (None, clean_text(now["description"], curation.NOTE_LENGTH)):
            raise NoteChanged
        if tags is not None:
            result["tags"] = clean_tags([*(now["tags"] if keep_tags else ()), *tags])
        if append_description is not None:
            try:
                result["description"] = curation.with_paragraph(now["description"], append_description)
            except ValueError as error:
                raise NoteTooLong(str(error)) from error
        return result

    return write_through.change_one(run.root, run, lambda run: write(run, change))


def tag_runs(
    *, root: StorageRoot, run_ids: Sequence[str], add: Sequence[str] = (), remove: Sequence[str] = ()
) -> dict[str, RunResult]:
    """Add and remove tags of runs; return the result of each run."""
    unwanted = clean_tags([*remove])

    def change_tags(now: curation.RunFields) -> curation.RunFields:
        # Cleaned as for the row, since users see and name tags in that form.
        retained = [tag for tag in clean_tags(now["tags"]) if tag not in unwanted]
        return {"tags": clean_tags([*retained, *add])}

    def change(run: Run) -> None:
        refuse_deleted(run)
        write(run, change_tags)

    return write_through.for_each(root, run_ids, change)


def flag_runs(
    *,
    root: StorageRoot,
    run_ids: Sequence[str],
    pinned: bool | None = None,
    archived: bool | None = None,
    color: str | None = None,
) -> dict[str, RunResult]:
    """Pin, unpin, archive, unarchive or color runs; return the result of each run.

    Args:
        color: `#rrggbb`, or "" for none.
    """
    fields = {"pinned": pinned, "archived": archived, "color": color}
    changes = cast(curation.RunFields, {key: value for key, value in fields.items() if value is not None})

    def change(run: Run) -> None:
        refuse_deleted(run)
        write(run, changes)

    return write_through.for_each(root, run_ids, change)


def refuse_deleted(run: Run) -> None:
    """Raise `RunNotChanged` if the run is in the recycle bin."""
    if run.deleted is not None:
        raise write_through.RunNotChanged("run not found")


def refuse_in_use(run: Run) -> None:
    """Raise `RunNotChanged` for a run that is running or being uploaded: its script still writes to the old project."""
    if run.status == layout.RUNNING:
        raise write_through.RunNotChanged("the run is still running; move it when it has ended")
    if run.journal_end is not None and run.journal_bytes < run.journal_end:
        raise write_through.RunNotChanged(
            "the run is still being uploaded; move it when the upload is complete"
        )


def write(run: Run, changes: curation.Changes) -> None:
    """Write changes into a run's `curation.json`."""
    current = {field: getattr(run, field) for field in curation.FIELDS}
    curation.note(Path(run.root.path), run.path, current, changes)
