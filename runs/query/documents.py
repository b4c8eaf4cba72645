"""Documents of a project that match filters."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from threading import Lock

from runicorn.store.project import documents
from runicorn.store.project.documents import Document

EXCERPT = 200
MOST_REMEMBERED, MOST_BYTES = 5000, 64 << 20
"""Documents in memory, and bytes of their files."""
_remembered: OrderedDict[str, tuple[tuple[int, int, int], Document]] = OrderedDict()
_bytes = 0
_lock = Lock()


def find_documents(
    root: Path,
    project: str,
    folder: str,
    *,
    search: str = "",
    kind: str = "",
    run: str = "",
    author: str = "",
) -> list[Document]:
    """Return the documents that match all filters, the last created first.

    Args:
        search: words that all must appear in the title, the text or the names of authors, ignoring case.
        kind, author: of the document.
        run: id of a run that it is about, or that its text names.
    """
    words = search.casefold().split()
    matches = []
    for name in documents.names(root, project, folder):
        document = read_document(root, project, folder, name)
        if (
            document is None
            or (kind and document.kind != kind)
            or (author and author not in document.authors)
        ):
            continue
        if run and run not in document.runs and run not in document.text:
            continue
        if words:
            content = f"{document.title}\n{document.text}\n{' '.join(document.authors)}".casefold()
            if not all(word in content for word in words):
                continue
        matches.append(document)
    return sorted(matches, key=lambda document: (document.created, document.name), reverse=True)


def read_document(root: Path, project: str, folder: str, name: str) -> Document | None:
    """Return a document, from memory while its file is unchanged; None if it is gone, or its folder is outside the store.

    Raises:
        InvalidName: name or project is invalid.
    """
    try:
        path = documents.path_of(root, project, folder, name)
        about = os.lstat(path)
    except OSError:
        return None
    mark = (about.st_size, about.st_mtime_ns, about.st_ino)
    with _lock:
        cached = _remembered.get(str(path))
    if cached is not None and cached[0] == mark:
        return cached[1]
    document: Document | None = None
    with suppress(documents.DocumentNotFound):
        try:
            document = documents.read(root, project, folder, name)
        except OSError as error:
            reason = f"It could not be read: {error.strerror}."
            return Document(name, name=name, error=reason, created=about.st_mtime, updated=about.st_mtime)
    if document is not None:
        with _lock:
            _remember(str(path), mark, document)
    return document


def _remember(path: str, mark: tuple[int, int, int], document: Document) -> None:
    global _bytes
    if before := _remembered.pop(path, None):
        _bytes -= before[0][0]
    _remembered[path] = (mark, document)
    _bytes += mark[0]
    while _remembered and (len(_remembered) > MOST_REMEMBERED or _bytes > MOST_BYTES):
        _, (oldest, _) = _remembered.popitem(last=False)
        _bytes -= oldest[0]


def excerpt(document: Document, search: str = "") -> str:
    """Return the beginning of the text without blocks, tables and marks, or what is around the first word that was searched."""
    lines, is_block = [], False
    for line in document.text.split("\n"):
        if line.startswith(("```", "~~~")):
            is_block = not is_block
        elif not is_block and not line.startswith(("####", "|")) and line.strip():
            lines.append(line.lstrip("#>* ").strip())
    if lines[:1] == [document.title]:
        del lines[0]
    text = re.sub(r"[*`_]{1,3}(?=\S)|(?<=\S)[*`_]{1,3}(?=\W|$)", "", " ".join(lines))
    words = search.casefold().split()
    at = text.casefold().find(words[0]) if words else -1
    start = max(0, at - EXCERPT // 3)
    cut = text[start : start + EXCERPT]
    return f"{'…' if start else ''}{cut}{'…' if start + EXCERPT < len(text) else ''}"
