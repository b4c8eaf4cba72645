"""Commit of a staged import: everything becomes visible or nothing, even if the process is killed.

The import writes `commit.json` into its staging folder once everything is on disk and nothing is visible. From then on
it is valid: the next reader of the store completes the renames of a killed process.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from runicorn import _platform
from runicorn.artifacts import index, names
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.store import ArtifactFolder, Store
from runicorn.store import bulk_io, curation, layout
from runicorn.store.containment import is_inside

RECORD, CLAIM, CONTENT, VERSIONS = "commit.json", ".claim", "content", "versions"


class StagedRun(NamedTuple):
    """A staged run.

    Attributes:
        path: its folder, relative to the root and to the staged content.
        before: folders of the store that it replaces, relative to the root.
    """

    path: str
    before: list[str]


class StagedVersion(NamedTuple):
    """A staged version of an artifact, in `versions/<position>`."""

    type: str
    name: str
    number: int
    aliases: Mapping[str, int]


def write(staging: Path, runs: Iterable[StagedRun], versions: Iterable[StagedVersion]) -> None:
    """Record what is to be placed; from here on the import is valid.

    Raises:
        OSError: it could not be written; the import is not valid.
    """
    # The inode distinguishes a staged run from the run it was exchanged with.
    entries = [
        {"path": run.path, "before": run.before, "inode": os.stat(staging / CONTENT / run.path).st_ino}
        for run in runs
    ]
    layout.write_json(
        staging / RECORD, {"runs": entries, "versions": [version._asdict() for version in versions]}
    )


def apply(root: Path, staging: Path) -> set[int]:
    """Place everything in a record, except what is placed already.

    Returns:
        The positions of versions that are dropped because another import used their number meanwhile.

    Raises:
        OSError: something could not be placed yet; the record is kept.
    """
    record = layout.read_json(staging / RECORD)[0]
    dropped = set()
    for position, entry in enumerate(record.get("versions", [])):
        with suppress(ArtifactError):
            folder = Store(root).folder(names.check_stored_type(entry["type"]), entry["name"])
            if not place_version(
                folder, entry["number"], staging / VERSIONS / str(position), entry["aliases"]
            ):
                dropped.add(position)
    for entry in record.get("runs", []):
        _place_run(root, staging / CONTENT / entry["path"], entry)
    (staging / RECORD).unlink()
    return dropped


def place_version(artifact: ArtifactFolder, number: int, folder: Path, aliases: Mapping[str, int]) -> bool:
    """Rename a complete version to its number and update the index; return False if the number is taken."""
    target = artifact.path / f"v{number}"
    with artifact.lock():
        if folder.exists():
            if target.exists():
                return False
            os.rename(folder, target)
            _platform.fsync_directory(artifact.path)
        existing = artifact.aliases()
        retained = {alias: other for alias, other in existing.items() if alias != names.LATEST}
        index.rewrite(artifact, {**aliases, **retained})
    return True


def _place_run(root: Path, source: Path, entry: Mapping[str, Any]) -> None:
    target = root / entry["path"]
    if source.exists() and is_inside(root, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        is_staged = source.stat().st_ino == entry["inode"]
        if not target.exists():
            os.rename(source, target)
        elif is_staged and entry["path"] in entry["before"]:
            bulk_io.exchange(source, target)
    for other in entry["before"]:
        if other != entry["path"] and (root / other).exists():
            aside = curation.put_aside(root, root / other)
            shutil.rmtree(aside, ignore_errors=True)
            curation.stir(root / other)
    with suppress(OSError):  # it is there; only a power cut could take it back
        _platform.fsync_directory(target.parent)
    curation.stir(target)


def finish(root: Path) -> None:
    """Complete committed imports of killed processes. A read-only store is left unchanged."""
    for record in (root / curation.PRIVATE).glob(f"import-*/{RECORD}"):
        staging = record.parent
        # An importer holds the lock of its claim until it ends.
        with suppress(OSError), _platform.file_lock(staging / CLAIM, blocking=False):
            apply(root, staging)
            shutil.rmtree(staging, ignore_errors=True)
