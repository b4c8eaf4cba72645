"""Scan the folders of artifacts, and refresh the rows of those that changed.

A folder's modification time reveals new, curated and removed versions: each of these ends with a new `versions.json` in it.
Older programs may change a version's folder alone, so those are scanned occasionally as well.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypedDict

from django.db import transaction

from artifacts.models import CORRUPTED, Artifact, File, Version
from runicorn.artifacts import store
from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.manifest import ALGORITHM, LARGEST_SIZE, Manifest
from runicorn.artifacts.names import TYPE_LENGTH, is_unicode
from runicorn.json_value import JsonObject, JsonValue
from runicorn.store import layout
from runicorn_site.web.readable import unrestricted
from runs.models import StorageRoot
from runs.store.sanitize import Cleaner, clean_text
from runs.store.sanitize import number as finite

YOUNG_NANOSECONDS = 2_000_000_000
"""A folder modified this shortly before it was read may change again within the same clock tick."""
BATCH = 2000
"""Files per transaction, about 50 ms."""
_lock = threading.Lock()


@unrestricted()
def refresh_all(root: StorageRoot, *, thorough: bool = False) -> None:
    """Refresh the rows of all artifacts.

    Args:
        thorough: scan the folders of versions too, not only those of artifacts.
    """
    shelves = store.Store(Path(root.path))
    rows_by_folder = {
        row.folder: row
        for row in Artifact.objects.in_root(root).only("folder", "stamp", "signature", "type", "name")
    }
    present = set()
    for folder in _readable(shelves):
        relative = folder.path.relative_to(root.path).as_posix()
        row = rows_by_folder.get(relative)
        if row is not None and row.name == folder.name:
            present.add(relative)
            if not thorough and row.stamp and row.stamp == _stamp(folder.path):
                continue
        refresh(root, folder)
    _delete_missing(
        root, shelves, [row for relative, row in rows_by_folder.items() if relative not in present]
    )


def _readable(shelves: store.Store) -> Iterator[store.ArtifactFolder]:
    """Yield the folders of a store, except those whose names are not Unicode, which no database or URL can hold."""
    return (
        folder
        for folder in shelves.folders()
        if is_unicode(folder.name) and is_unicode(folder.type) and len(folder.type) <= TYPE_LENGTH
    )


def _delete_missing(root: StorageRoot, shelves: store.Store, rows: Iterable[Artifact]) -> None:
    """Delete the rows whose folders are certainly gone."""
    missing = [row.pk for row in rows if not (Path(root.path) / row.folder).is_dir()]
    if missing and _is_listable(shelves):
        Artifact.objects.filter(pk__in=missing).delete()


def _is_listable(shelves: store.Store) -> bool:
    """Return whether missing folders are gone, not on an unmounted disk."""
    return shelves.path.parent.is_dir() and any(shelves.path.parent.iterdir())


@unrestricted()
def refresh_named(root: StorageRoot, name: str) -> None:
    """Refresh the rows of the artifacts with a name, and find new ones."""
    shelves = store.Store(Path(root.path))
    for folder in list(_readable(shelves)):
        if folder.name == name:
            refresh(root, folder)
    _delete_missing(root, shelves, Artifact.objects.in_root(root).filter(name=name))


@unrestricted()
def refresh(root: StorageRoot, folder: store.ArtifactFolder) -> Artifact | None:
    """Return the refreshed row of an artifact; None without versions and row."""
    stamp, signature = _stamp(folder.path), _signature(folder)
    rows = Artifact.objects.filter(root=root, type=folder.type, name=folder.name)
    row: Artifact | None = rows.first()
    if row is not None and signature and row.signature == signature:
        return row
    with _lock:
        return _read(root, folder, row, stamp, signature)


def _stamp(path: Path) -> int:
    """Return the modification time of a folder; 0 while it is too recent to be reliable."""
    try:
        mtime = path.stat().st_mtime_ns
    except OSError:
        return 0
    return mtime if time.time_ns() - mtime > YOUNG_NANOSECONDS else 0


def _signature(folder: store.ArtifactFolder) -> str:
    """Return a signature of an artifact's folder and those of its versions; "" while one is too recent to be reliable."""
    parts = []
    newest = 0
    for path in (folder.path, *(folder.version(number).path for number in folder.all_numbers())):
        try:
            about = path.stat()
        except OSError:
            continue
        newest = max(newest, about.st_mtime_ns)
        parts.append(f"{path.name} {about.st_mtime_ns} {about.st_ino}")
    if time.time_ns() - newest <= YOUNG_NANOSECONDS:
        return ""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _read(
    root: StorageRoot, folder: store.ArtifactFolder, row: Artifact | None, stamp: int, signature: str
) -> Artifact | None:
    numbers = folder.all_numbers()
    if row is None:
        if not numbers:
            return None
        relative = folder.path.relative_to(root.path).as_posix()
        row, _ = Artifact.objects.get_or_create(
            root=root, type=folder.type, name=folder.name, defaults={"folder": relative}
        )
    problems = []
    rows_by_number = {version.number: version for version in row.versions.all()}
    for number in numbers:
        try:
            _read_version(row, folder.version(number), rows_by_number.get(number))
        except DamagedFile as error:
            problems.append(str(error))
            _note_damage(row, folder.version(number), str(error))
    with transaction.atomic():
        row.versions.exclude(number__in=numbers).delete()
        _sum_up(row, folder, stamp, signature, problems)
    return row


def _read_version(row: Artifact, version: store.Version, row_of_version: Version | None) -> None:
    mark = str(version.path.stat().st_mtime_ns)
    if row_of_version is not None and row_of_version.signature == mark:
        young = time.time_ns() - int(mark) <= YOUNG_NANOSECONDS
        if not young:
            return
    manifest = version.manifest
    fields = _fields(version, manifest, _digest(version))
    if (
        row_of_version is None
        or not row_of_version.signature
        or row_of_version.manifest_digest != fields["manifest_digest"]
    ):
        # No signature until its files are indexed, so that the version is not listed before.
        row_of_version, _ = Version.objects.update_or_create(
            artifact=row, number=version.number, defaults={**fields, "signature": ""}
        )
        _index_files(row_of_version, manifest)
    Version.objects.filter(pk=row_of_version.pk).update(**fields, signature=mark)


def _note_damage(row: Artifact, version: store.Version, problem: str) -> None:
    """Save the row of a version whose manifest cannot be read."""
    fields = _fields(version, Manifest((), (), 0.0), digest="")
    version_row, _ = Version.objects.update_or_create(
        artifact=row,
        number=version.number,
        defaults={
            **fields,
            "status": CORRUPTED,
            "size_bytes": min(version.metadata.size_bytes, LARGEST_SIZE),
            "curation": {**fields["curation"], "problem": problem},
            "signature": CORRUPTED,
        },
    )
    version_row.files.all().delete()


def _index_files(row: Version, manifest: Manifest) -> None:
    row.files.all().delete()
    files = (
        File(version=row, path=file.path, size=file.size, digest=file.digest, modified=file.modified_at)
        for file in manifest.files
    )
    while batch := list(islice(files, BATCH)):
        # Another viewer may do the same concurrently, with the same rows.
        File.objects.bulk_create(batch, ignore_conflicts=True)


class VersionFields(TypedDict):
    """Fields of the row of a version that come from its files."""

    manifest_digest: str
    created: float
    updated: float
    run_id: str
    user: str | None
    size_bytes: int
    stored_bytes: int
    num_files: int
    references: JsonValue
    status: str
    deleted: float | None
    description: str
    tags: list[str]
    metadata: JsonObject
    stage: str
    curation: JsonObject


def _digest(version: store.Version) -> str:
    digest = version.metadata.manifest_digest
    if not digest:
        digest = hashlib.sha256((version.path / store.MANIFEST).read_bytes()).hexdigest()
    return ALGORITHM + clean_text(digest, 64).removeprefix(ALGORITHM)


def _fields(version: store.Version, manifest: Manifest, digest: str) -> VersionFields:
    about, curation = version.metadata, version.curation
    marker, _ = layout.read_json(version.path / layout.DELETED)
    deleted = finite(marker.get("deleted_at"))
    if version.is_deleted() and deleted is None:
        deleted = (version.path / layout.DELETED).stat().st_mtime
    clean = Cleaner().clean
    stages = curation if "lifecycle_stage" in curation else layout.read_json(version.path / store.METADATA)[0]
    return {
        "manifest_digest": digest,
        "created": about.created_at or manifest.created_at,
        "updated": about.updated_at or about.created_at or manifest.created_at,
        "run_id": clean_text(about.created_by_run, 255),
        "user": clean_text(about.created_by_user, 255) if about.created_by_user else None,
        "size_bytes": min(manifest.total_size, LARGEST_SIZE),
        "stored_bytes": min(manifest.stored_size, LARGEST_SIZE),
        "num_files": len(manifest.files),
        "references": clean({"all": manifest.to_dict()["references"]})["all"],
        "status": clean_text(about.status, 64),
        "deleted": deleted if version.is_deleted() else None,
        "description": clean_text(about.description, 10_000),
        "tags": [clean_text(tag, 255) for tag in about.tags],
        "metadata": clean(about.metadata),
        "stage": clean_text(stages.get("lifecycle_stage"), 32) or "experimental",
        "curation": clean(
            {**{key: stages[key] for key in ("stage_transitions",) if key in stages}, **curation}
        ),
    }


def _sum_up(
    row: Artifact, folder: store.ArtifactFolder, stamp: int, signature: str, problems: list[str]
) -> None:
    row.sum_up({clean_text(alias, 64): number for alias, number in folder.aliases().items()})
    row.folder = folder.path.relative_to(row.root.path).as_posix()
    row.stamp, row.signature, row.problems = stamp, signature, problems
    row.save()
