"""Write an entry of the lab notebook of a project from a script."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from runicorn import _platform
from runicorn.settings import user
from runicorn.store import descriptor_reserve
from runicorn.store.layout import DEFAULT
from runicorn.store.notices import say
from runicorn.store.project import documents
from runicorn.tracking.init import get_active_run
from runicorn.tracking.switch import is_silent


def notebook(
    text: str,
    *,
    title: str | None = None,
    kind: str = "note",
    name: str | None = None,
    runs: str | Iterable[str] | None = None,
    project: str | None = None,
    author: str | None = None,
    storage: str | os.PathLike[str] | None = None,
) -> Path | None:
    """Write an entry of the lab notebook of a project, or a paragraph of one.

    Never raises: a problem is one line on stderr. An entry that names a run is uploaded with that run.

    Args:
        text: Markdown; fenced blocks such as `chart` show runs (see the guide of the notebook).
        title: title of the entry; the first line of the text if not given.
        kind: "note", "hypothesis", "result" or "decision".
        name: name of the entry, a file in the folder `notebook` of the project. If it exists, the text becomes a
            paragraph of it. A new name for each call if not given.
        runs: ids of the runs that it is about; the active run if not given.
        project: its project; that of the active run if not given.
        author: who writes; the user of the process if not given.
        storage: the storage root; that of the active run if not given, else as in `init`.

    Returns:
        The file; None if nothing was written.
    """
    try:
        with descriptor_reserve.released():
            return _write(text, title, kind, name, runs, project, author, storage)
    # A training goes on without its notebook; an argument's `__str__` may raise any of these.
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        say(f"the notebook entry was not written: {error}")
        return None


def _write(
    text: str,
    title: str | None,
    kind: str,
    name: str | None,
    runs: str | Iterable[str] | None,
    project: str | None,
    author: str | None,
    storage: str | os.PathLike[str] | None,
) -> Path | None:
    run = get_active_run()
    if is_silent(None) or (run is not None and run.is_silent):
        return None
    if kind not in documents.KINDS:
        raise documents.InvalidDocument(f"kind must be one of {', '.join(documents.KINDS)}")
    root = active_root(storage)
    project = project or (run.project if run is not None else DEFAULT)
    if runs is None:
        ids = [run.id] if run is not None and project == run.project else []
    else:
        ids = [runs] if isinstance(runs, str) else list(runs)
    # Half of a surrogate pair cannot be stored.
    title, text, author = (
        str(value or "").encode("utf-8", "replace").decode() for value in (title, text, author)
    )
    author = documents.one_line(author)[: documents.NAME_LENGTH] or _platform.user_name() or "script"
    root.mkdir(parents=True, exist_ok=True)
    title = documents.one_line(title or documents.heading(text))[: documents.TITLE_LENGTH]
    title = title.strip() or (kind if text.strip() else "")
    entry = documents.Document(title, text, kind, [author], ids)
    folder = documents.NOTEBOOK
    if name is None:
        name = documents.create(root, project, folder, entry).name
    else:
        _append_or_create(root, project, name, entry)
    return documents.path_of(root, project, folder, name)


def _append_or_create(root: Path, project: str, name: str, entry: documents.Document) -> None:
    author, *_ = entry.authors
    place = (root, project, documents.NOTEBOOK, name)
    try:
        documents.append(*place, entry.text, author, runs=entry.runs)
    except documents.DocumentNotFound:
        try:
            documents.write(*place, entry, expected=documents.NONE)
        except documents.DocumentChanged:  # another process or thread created it meanwhile
            documents.append(*place, entry.text, author, runs=entry.runs)


def active_root(storage: str | os.PathLike[str] | None) -> Path:
    """Return the storage root of an argument: that of the active run if it is None, else as in `init`."""
    run = get_active_run()
    if storage is None and run is not None and not run.is_silent:
        return run.storage_root
    return user.storage_root(storage)
