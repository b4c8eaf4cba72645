"""Files of a run's folder that are synced, and their order."""

from __future__ import annotations

import re

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.samples.names import is_chunk_file

FIRST, SECOND, THIRD = 1, 2, 3
"""Priorities: description of a run; its logged data; its images, tables, histograms, sealed samples and sources."""
SUBFOLDERS = (layout.MEDIA, layout.SAMPLES, layout.SOURCES)
"""Folders of a run whose files are synced."""
CELLS = "cells.json"
SOURCE_TREE = "runicorn-sources.json"
"""First member of a pack of sources."""
_ZIP_HEADER = 30
"""Bytes before the name of the first member of a zip file."""
_PACK = re.compile(rf"{layout.SOURCES}/([0-9a-f]{{64}})\.zip")
MOST_DEPTH = 16
PART_BYTES = 255


def priority_of(name: str) -> int | None:
    """Return the priority of a file by its name relative to the run's folder; None for files that are not synced."""
    if name in layout.SMALL:
        return FIRST
    if layout.grows(name):
        return SECOND if is_in_subfolder(name) or name in layout.GROWING else None
    return THIRD if is_in_subfolder(name) else None


def pack_of(name: str) -> str | None:
    """Return the digest of a pack of sources by its name relative to the run's folder; None for other files."""
    match = _PACK.fullmatch(name)
    return match[1] if match else None


def is_pack(path: str) -> bool:
    """Return whether the content of a file begins like a pack of sources."""
    try:
        head = _platform.read_regular(path, _ZIP_HEADER + len(SOURCE_TREE), follow_links=False)
    except OSError:
        return False
    return head[:4] == b"PK\3\4" and head[_ZIP_HEADER:] == SOURCE_TREE.encode()


def is_source(name: str) -> bool:
    """Return whether a name relative to the run's folder is one of its sources."""
    return name == f"{layout.SOURCES}/{CELLS}" or pack_of(name) is not None


def is_in_subfolder(name: str) -> bool:
    """Return whether a name relative to the run's folder is a file below `media/`, one of a chunk of samples, or of sources."""
    parts = name.split("/")
    if parts[0] == layout.SOURCES:
        return is_source(name)
    if parts[0] == layout.SAMPLES:
        return len(parts) == 3 and is_safe_part(parts[1]) and is_chunk_file(parts[2])
    return (
        parts[0] == layout.MEDIA
        and 2 <= len(parts) <= MOST_DEPTH
        and all(is_safe_part(part) for part in parts)
    )


def is_safe_part(part: str) -> bool:
    """Return whether a text is valid as a visible path component on both machines."""
    if not part or part.startswith(".") or "/" in part or "\\" in part or layout.CONTROL.search(part):
        return False
    if layout.names_another_file(part):
        return False
    return len(part.encode("utf-8", "surrogateescape")) <= PART_BYTES


def is_run_folder(folder: str) -> bool:
    """Return whether a path may be that of a run: `<project>/<name>/runs/<id>`, or any below `runs`."""
    parts = folder.split("/")
    if not all(map(is_safe_part, parts)):
        return False
    if parts[0] == layout.RUNS:
        return 2 <= len(parts) <= 2 + layout.PATH_DEPTH
    return len(parts) == 4 and parts[2] == layout.RUNS and parts[0] not in layout.SKIPPED_TOP
