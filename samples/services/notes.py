"""Labels and notes of people about samples: a file of the run, written only by the server."""

from __future__ import annotations

import time
from typing import cast

from runicorn.api.responses.samples import SampleNote
from runicorn.store import layout
from runicorn.store.folder_lock import folder_lock
from runs.models import Run
from runs.services.write_through import one_file

NOTES = "notes"
MOST = 20_000


def read(run: Run, name: str | None = None) -> list[SampleNote]:
    """Return the notes of a run, or of one sample set, newest first."""
    value = layout.read_json(run.path / layout.SAMPLE_NOTES)[0].get(NOTES)
    notes = [note for note in value if _is_note(note)] if isinstance(value, list) else []
    matches = [note for note in notes if name is None or note["name"] == name]
    return sorted(cast("list[SampleNote]", matches), key=lambda note: -note["at"])


def write(run: Run, name: str, row: int, sample: str, label: str, note: str, by: str) -> list[SampleNote]:
    """Set label and note of a sample, or remove them if both are empty; return the notes of its set.

    Raises:
        ReadOnlyStore: the run's folder cannot be written; nothing was changed.
    """
    entry: SampleNote = {
        "run_id": run.run_id,
        "name": name,
        "row": row,
        "sample": sample,
        "label": label.strip(),
        "note": note.strip(),
        "by": by,
        "at": time.time(),
    }
    with one_file(), folder_lock(run.path):
        others = [old for old in read(run) if (old["name"], old["row"]) != (name, row)]
        notes = [entry, *others] if entry["label"] or entry["note"] else others
        layout.write_json(run.path / layout.SAMPLE_NOTES, {NOTES: notes[:MOST]})
    return [item for item in notes if item["name"] == name]


def _is_note(note: object) -> bool:
    return (
        isinstance(note, dict)
        and isinstance(note.get("name"), str)
        and isinstance(note.get("row"), int)
        and isinstance(note.get("at"), int | float)
        and all(isinstance(note.get(key), str) for key in ("label", "note"))
    )
