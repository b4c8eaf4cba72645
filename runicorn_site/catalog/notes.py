"""Paragraphs of the notes of runs."""

from __future__ import annotations

from runicorn.store import curation
from runicorn_site.catalog.base import Catalog, UnknownRun, system_error
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.catalog.store import StoreCatalog


def append_to_note(catalog: Catalog, entry: RunEntry, paragraph: str) -> str:
    """Add a paragraph to the note of a run as it is now, and return the note.

    Raises:
        CatalogError: the run is gone, or cannot be changed.
    """
    if isinstance(catalog, StoreCatalog):
        folder = catalog.root / entry.folder
        current = {field: getattr(entry, field) for field in curation.FIELDS}
        try:
            fields = curation.note(
                catalog.root,
                folder,
                current,
                lambda now: {"description": _joined(now["description"], paragraph)},
            )
        except OSError as error:
            raise system_error(entry.id, error) from error
        curation.stir(folder)
        return fields["description"]
    # The API replaces notes as a whole: one that is written between these two requests is lost.
    stored = catalog.get(entry.id, metrics=False)
    if stored is None:
        raise UnknownRun(f"Run not found: {entry.id}")
    note = _joined(stored.description, paragraph)
    catalog.set_note(stored, note)
    return note


def _joined(note: str, paragraph: str) -> str:
    before = note.rstrip()
    return f"{before}\n\n{paragraph}" if before else paragraph
