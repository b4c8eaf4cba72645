"""Check the artifacts of a store: manifests, indexes, and every content by its digest."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from runicorn import regular_file
from runicorn.artifacts import verify
from runicorn.artifacts.copying import hash_file
from runicorn.artifacts.errors import DamagedFile, InvalidArtifact, PoolUnavailable
from runicorn.artifacts.manifest import ALGORITHM, FileEntry
from runicorn.artifacts.s3.place import BucketPlace
from runicorn.artifacts.store import (
    ARTIFACTS,
    CURATION,
    INDEX,
    MANIFEST,
    MANIFEST_CEILING,
    METADATA,
    ArtifactFolder,
    Store,
    Version,
)
from runicorn.message import Message
from runicorn.store import find, layout
from runicorn_tools.fsck.report import Report

_VERSION = re.compile(r"v[1-9][0-9]{0,8}")


class Scope(NamedTuple):
    """Extent of a check.

    Attributes:
        contents: read every file; else only sizes are compared.
        listed: sizes of the contents in the bucket of the store; None if it cannot be read here.
    """

    contents: bool
    listed: dict[str, int] | None


def check_artifacts(root: Path, report: Report, *, contents: bool) -> None:
    """Check all versions and the pool of contents.

    Args:
        contents: read every file; by default only sizes are compared.
    """
    store = Store(root)
    creators: dict[str, str] = {}
    try:
        scope = Scope(contents, _listed(store, report))
        for artifact in store.folders():
            _check_index(root, artifact, report)
            for number in artifact.numbers():
                report.versions += 1
                version = artifact.version(number)
                _check_version(root, version, report, scope)
                creators.setdefault(str(version.metadata.created_by_run or ""), str(version))
        _check_creators(root, creators, report)
        if contents:
            _check_pool(root, store, report, scope)
    except PoolUnavailable as error:
        report.error("pool-unavailable", ARTIFACTS, str(error))


def _check_creators(root: Path, creators: dict[str, str], report: Report) -> None:
    """Report ended runs that created a version and have no list of such versions.

    Args:
        creators: a version by the id of its run.
    """
    for relative in find.all_runs(root) if creators else ():
        run = root / relative
        version, path = creators.get(run.name), run / layout.ARTIFACTS_CREATED
        if version is None or os.path.lexists(path):
            continue
        if layout.read_json(run / layout.STATUS)[0].get("status") != layout.RUNNING:
            text = "{name} is missing: the run created {version}."
            report.error("missing", f"{relative}/{path.name}", text, name=path.name, version=version)


def _listed(store: Store, report: Report) -> dict[str, int] | None:
    """Return the sizes of the contents in the bucket; None if the store has a bucket that cannot be read here."""
    if store.bucket is not None:
        return dict(store.bucket.contents())
    if store.unused_bucket is None:
        return {}
    report.error(
        "pool-unavailable",
        ARTIFACTS,
        "Contents are in {url} and were not checked: set RUNICORN_ARTIFACT_POOL.",
        url=store.unused_bucket,
    )
    return None


def _check_index(root: Path, artifact: ArtifactFolder, report: Report) -> None:
    place = str((artifact.path / INDEX).relative_to(root))
    damage = Report()
    value = damage.check_json(artifact.path / INDEX, place)
    for finding in damage.findings:
        report.error("index-damaged", place, finding.message)
    if not value and not damage.findings:
        report.error("index-damaged", place, "{name} is missing.", name=INDEX)
    folders = {int(name[1:]) for name in os.listdir(artifact.path) if _VERSION.fullmatch(name)}
    indexed = {n for entry in artifact.index_entries() if isinstance(n := entry.get("version"), int)}
    for number in sorted((folders | indexed) - set(artifact.numbers())):
        folder = (artifact.path / f"v{number}").relative_to(root)
        report.error(
            "version-missing",
            f"{folder}/{MANIFEST}",
            "{name}:v{number} has no manifest.",
            name=artifact.name,
            number=number,
        )


def _check_version(root: Path, version: Version, report: Report, scope: Scope) -> None:
    place = str(version.path.relative_to(root))
    before = len(report.findings)
    value = report.check_json(version.path / METADATA, f"{place}/{METADATA}")
    if not value and len(report.findings) == before:
        report.error("unreadable", f"{place}/{METADATA}", "{name} is missing.", name=METADATA)
    report.check_json(version.path / CURATION, f"{place}/{CURATION}")
    try:
        files = version.manifest.files
    except DamagedFile as error:
        report.error("manifest-damaged", f"{place}/{MANIFEST}", str(error))
        return
    report.check_json(version.path / MANIFEST, f"{place}/{MANIFEST}", MANIFEST_CEILING)
    for file in files:
        report.files += 1
        try:
            _check_file(root, version, file, report, scope)
        except InvalidArtifact as error:
            report.error("manifest-damaged", f"{place}/{MANIFEST}", str(error))


def _check_file(root: Path, version: Version, file: FileEntry, report: Report, scope: Scope) -> None:
    places = verify.places(version, file)
    damage = Message("{path} of {version} is missing or damaged.", path=file.path, version=str(version))
    place = verify.in_bucket(version, file)
    if place is not None:
        if not _is_in_bucket(place, scope):
            report.error("file-damaged", place.address, damage)
        return
    if scope.listed is None and not any(map(os.path.lexists, places)):
        return
    intact = [path for path in places if _is_whole(path, file, scope.contents)]
    copy = verify.bucket_place(version, file)
    has_copy = bool(intact) or (copy is not None and _is_in_bucket(copy, scope))
    for path in places:
        if path in intact:
            continue
        is_own = path == places[0]
        # Uploaded to a bucket, or a version of Runicorn 0.5 that was not deduplicated.
        if not path.exists() and (not is_own or (copy is not None and has_copy)):
            continue
        report.error(
            "file-damaged",
            str(path.relative_to(root)),
            Message("{damage} Another copy in the store is intact.", damage=damage) if has_copy else damage,
        )


def _is_in_bucket(place: BucketPlace, scope: Scope) -> bool:
    is_listed = (scope.listed or {}).get(place.file.digest) == place.file.size
    return is_listed and not (scope.contents and place.damage())


def _is_whole(path: Path, file: FileEntry, contents: bool) -> bool:
    if contents:
        return verify.is_whole(path, file)
    try:
        return path.stat(follow_symlinks=False).st_size == file.size
    except OSError:
        return False


def _check_pool(root: Path, store: Store, report: Report, scope: Scope) -> None:
    """Check contents that no version uses: a version that is stored later would rely on them."""
    digests = {
        file.digest
        for artifact in store.folders()
        for version in map(artifact.version, artifact.numbers())
        for file in _files_of(version)
    }
    damaged = [
        str(path.relative_to(root))
        for path in map(Path, store.pool.blobs())
        if ALGORITHM + path.name not in digests and not _has_its_digest(path)
    ]
    if store.bucket is not None:
        for digest, size in (scope.listed or {}).items():
            place = BucketPlace(store.bucket, FileEntry("", size, digest))
            if digest not in digests and place.damage():
                damaged.append(place.address)
    for place_name in damaged:
        report.error("content-damaged", place_name, "A stored content does not match its digest.")


def _files_of(version: Version) -> tuple[FileEntry, ...]:
    try:
        return version.manifest.files
    except DamagedFile:
        return ()


def _has_its_digest(path: Path) -> bool:
    try:
        with regular_file.open_binary(path) as file:
            return hash_file(file.fileno()) == path.name
    except OSError:
        return False
