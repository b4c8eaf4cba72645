"""Difference of the artifacts that two runs used, and of the files of their versions."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from runicorn.api.responses.differences import ValueDifference
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.store import Store
from runicorn_tools.differences import values
from runicorn_tools.differences.facts import RunFacts

SHOWN = 20
"""Maximum number of listed files of a version."""


def compare(a: RunFacts, b: RunFacts) -> ValueDifference:
    """Return the changed versions of artifacts, each with the difference of its files if both are in the store."""
    difference = values.compare(a.artifacts, b.artifacts)
    for entry in difference["changed"]:
        kind, _, name = entry["key"].partition("/")
        files = _files(a.root, kind, name, entry["a"]), _files(b.root, kind, name, entry["b"])
        if files[0] is not None and files[1] is not None:
            entry["files"] = _compared(files[0], files[1])
    return difference if any(difference.values()) else {}


def _files(root: Path, kind: str, name: str, number: Any) -> dict[str, str] | None:
    if not isinstance(number, int):
        return None
    with suppress(ArtifactError, OSError):
        version = Store(root).folder(kind, name).existing(number)
        return {file.path: file.digest for file in version.manifest.files}
    return None


def _compared(a: dict[str, str], b: dict[str, str]) -> dict[str, Any]:
    added, removed = sorted(b.keys() - a.keys()), sorted(a.keys() - b.keys())
    changed = sorted(path for path in a.keys() & b.keys() if a[path] != b[path])
    marked = [("+", added), ("-", removed), ("~", changed)]
    paths = [f"{mark} {path}" for mark, names in marked for path in names]
    return {"added": len(added), "removed": len(removed), "changed": len(changed), "paths": paths[:SHOWN]}
