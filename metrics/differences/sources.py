"""Sources of a run for API and pages."""

from __future__ import annotations

import io
from typing import Any

from runicorn.api.responses.differences import SourceFile, SourceTree
from runicorn.capture.sources import cells, pack
from runicorn_tools.differences.code import CELLS
from runicorn_tools.differences.facts import RunFacts

SKIPPED = 200


def tree(run: RunFacts) -> SourceTree:
    """Return the files of a run; an empty tree if none are stored or they cannot be read."""
    about = run.sources.about
    try:
        files = sorted(run.sources.files.values())
    except (OSError, ValueError):
        files = []
    skipped, written_paths = about.get("skipped"), about.get("written")
    return {
        "files": [_entry(file) for file in files],
        "cells": len(cells.read(run.folder).get("cells", [])),
        "commit": run.commit or None,
        "root": str(about.get("root") or ""),
        "folder": str(about.get("folder") or ""),
        "skipped": [item for item in skipped if isinstance(item, dict)][:SKIPPED]
        if isinstance(skipped, list)
        else [],
        "skipped_count": _count(about.get("skipped_count")),
        "written": [str(path) for path in written_paths][:SKIPPED] if isinstance(written_paths, list) else [],
        "written_count": _count(about.get("written_count")),
    }


def _entry(file: pack.File) -> SourceFile:
    entry: SourceFile = {"path": file.path, "size": file.size}
    if file.is_masked:
        entry["masked"] = True
    return entry


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def content(run: RunFacts, path: str) -> bytes:
    """Return the content of a file; `cells` is the text of the notebook cells that ran.

    Raises:
        KeyError: there is no such file.
        OSError, ValueError: the sources are damaged.
    """
    if path == CELLS and run.cells and path not in run.sources.files:
        return run.cells.encode()
    return run.sources.read(path)


def search(run: RunFacts, text: str, most: int) -> list[tuple[str, int, str]]:
    """Return path, number and text of lines that contain a text, upper and lower case alike; at most `most`.

    Raises:
        OSError, ValueError: the sources are damaged.
    """
    matches: list[tuple[str, int, str]] = []
    needle = text.casefold()
    files = [file for file in run.sources.files.values() if file.size >= len(text)]
    for file, data in run.sources.contents(files):
        if b"\0" in data[:8192] or (
            needle.encode() not in data.lower() and needle not in data.decode("utf-8", "replace").casefold()
        ):
            continue
        lines = data.decode("utf-8", "replace").splitlines()
        matches += [
            (file.path, number, line) for number, line in enumerate(lines, 1) if needle in line.casefold()
        ]
        if len(matches) >= most:
            break
    return sorted(matches)[:most]


def archive(run: RunFacts) -> bytes:
    """Return a zip file of all sources.

    Raises:
        KeyError: none are stored.
        OSError, ValueError: the sources are damaged.
    """
    import zipfile

    if not run.has_code:
        raise KeyError
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for file, data in run.sources.contents(list(run.sources.files.values())):
            target.writestr(file.path, data)
        if run.cells:
            target.writestr("cells.py", run.cells)
    return buffer.getvalue()
