"""Atomic creation of a version.

Contents are added to the pool first. Then a folder beside the other versions gets the files, the manifest and the
metadata, and its rename to `v<N>` creates the version. A process killed before that leaves a folder that is never read
and that the next save removes; contents in the pool are not copied again.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.artifacts import index, names
from runicorn.artifacts.copying import copy_file
from runicorn.artifacts.errors import InvalidArtifact, NotSaved
from runicorn.artifacts.manifest import FileEntry, Manifest, Metadata, Reference, digest_of
from runicorn.artifacts.pool import FEW, Blob, Intake, seal
from runicorn.artifacts.store import (
    FILES,
    MANIFEST,
    MANIFEST_CEILING,
    METADATA,
    SAVING,
    ArtifactFolder,
    Store,
    Version,
    fitting,
)
from runicorn.store import bulk_io, layout
from runicorn.store.progress import NO_PROGRESS, Progress

CLAIM = ".claim"
METADATA_MARGIN = 64 * 1024
"""Bytes of `metadata.json` reserved for the fields that Runicorn adds."""


@dataclass
class Draft:
    """Description of a version to be created.

    Attributes:
        files: source files by their path in the artifact.
        stored: contents already in the pool, by path; used for uploads.
        references: data stored elsewhere.
        metadata, description, tags: as in `Artifact`.
        run_id: the run that creates it; "" for none.
    """

    name: str
    type: str
    files: dict[str, Path] = field(default_factory=dict)
    stored: dict[str, Blob] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    tags: list[str] = field(default_factory=list)
    run_id: str = ""
    user: str | None = None


def save(store: Store, draft: Draft, progress: Progress = NO_PROGRESS) -> Version:
    """Create the next version from a draft.

    Raises:
        InvalidArtifact: a name or a path is invalid, there are no files, or the metadata is not JSON.
        SourceChanged: a file was written to meanwhile.
        NotSaved: a file could not be read or written. After any error nothing of the version exists.
    """
    check(store, draft)
    try:
        with store.in_use(), Intake(store.pool, progress) as intake:
            blobs = {path: intake.add(source) for path, source in sorted(draft.files.items())}
            intake.settle()
            return make(store, draft, blobs | draft.stored, progress)
    except OSError as error:
        raise NotSaved(f"{draft.name} was not saved: {_reason(error)}. Nothing of it was stored.") from error


def check(store: Store, draft: Draft, *, may_be_empty: bool = False) -> None:
    """Check that the draft can become a version; with `may_be_empty` one whose files are added later.

    Raises:
        InvalidArtifact: it cannot.
    """
    artifact = store.folder(names.check_type(draft.type), draft.name)
    clash = clash_of(artifact)
    if clash:
        raise InvalidArtifact(
            f"The artifact {clash!r} exists already and differs from {draft.name!r} only in case.", "name"
        )
    paths = [*draft.files, *draft.stored]
    for path in paths:
        names.check_path(path)
    names.check_paths(paths)
    if not (paths or draft.references or may_be_empty):
        raise InvalidArtifact(f"Artifact {draft.name} has no files and no references.", "files")
    try:
        layout.json_content({"references": [reference.metadata for reference in draft.references]})
        metadata = layout.json_content(
            {"metadata": draft.metadata, "description": draft.description, "tags": draft.tags}
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArtifact(
            f"The metadata of {draft.name} cannot be written as JSON: {error}.", "metadata"
        ) from error
    fitting(f"{METADATA} of {draft.name}", metadata, layout.JSON_CEILING - METADATA_MARGIN)


def make(store: Store, draft: Draft, blobs: Mapping[str, Blob], progress: Progress = NO_PROGRESS) -> Version:
    """Create a version from contents in the pool. The caller holds the pool in use.

    Args:
        draft: a checked draft.
        blobs: the contents by path.
        progress: extended by files that have to be copied again.

    Raises:
        OSError: it could not be written; nothing of it is left.
    """
    artifact = _homed(store, draft)
    files = tuple(
        FileEntry(path, blob.size, blob.digest, blob.modified_at) for path, blob in sorted(blobs.items())
    )
    contents = Manifest(files, tuple(draft.references), time.time())
    with new_version_folder(artifact) as folder:
        place_files(store, folder / FILES, contents.files, progress)
        manifest = fitting(MANIFEST, layout.json_content(contents.to_dict()), MANIFEST_CEILING)
        (folder / MANIFEST).write_bytes(manifest)
        with artifact.lock():
            return _publish(artifact, folder, _metadata(draft, contents, digest_of(manifest)))


def _metadata(draft: Draft, contents: Manifest, digest: str) -> Metadata:
    return Metadata(
        name=draft.name,
        type=draft.type,
        version=0,
        created_at=contents.created_at,
        updated_at=contents.created_at,
        created_by_run=draft.run_id,
        created_by_user=draft.user,
        size_bytes=contents.total_size,
        num_files=len(contents.files),
        num_references=len(contents.references),
        metadata=dict(draft.metadata),
        description=draft.description,
        tags=list(draft.tags),
        aliases=[names.LATEST],
        manifest_digest=digest.partition(":")[2],
    )


def _publish(artifact: ArtifactFolder, folder: Path, metadata: Metadata) -> Version:
    number = artifact.highest()
    while True:
        number += 1
        (folder / METADATA).write_bytes(layout.json_content(replace(metadata, version=number).to_dict()))
        bulk_io.sync_file(folder / MANIFEST)
        bulk_io.sync_file(folder / METADATA)
        _platform.fsync_directory(folder)
        (folder / CLAIM).unlink(missing_ok=True)
        try:
            os.rename(folder, artifact.path / f"v{number}")
        except OSError as error:
            # The number was used by another machine on a network file system, where locks may not work.
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            continue
        _platform.fsync_directory(artifact.path)
        with suppress(
            OSError, InvalidArtifact
        ):  # the version exists; the next rewrite of the index includes it
            index.rewrite(artifact)
        return artifact.version(number)


def _homed(store: Store, draft: Draft) -> ArtifactFolder:
    """Return the artifact in its own folder; one that an older SDK misplaced is moved there."""
    artifact = store.folder(names.check_type(draft.type), draft.name)
    own = store.writable(store.path / draft.type / draft.name)
    if artifact.path != own:
        own.parent.mkdir(parents=True, exist_ok=True)
        with artifact.lock():
            os.rename(artifact.path, own)
    return ArtifactFolder(store, draft.type, draft.name, own)


@contextmanager
def new_version_folder(artifact: ArtifactFolder) -> Iterator[Path]:
    """Create a private folder, removed at the end unless renamed; remove leftovers of killed processes."""
    folder = artifact.path / f"{SAVING}{os.getpid()}-{os.urandom(6).hex()}"
    with ExitStack() as claim:
        with artifact.lock():
            remove_leftovers(artifact)
            folder.mkdir()
            claim.callback(shutil.rmtree, folder, ignore_errors=True)
            claim.enter_context(_platform.file_lock(folder / CLAIM))
        yield folder


def remove_leftovers(artifact: ArtifactFolder) -> None:
    """Remove folders whose processes are gone. The caller holds the artifact's lock."""
    for rest in artifact.path.glob(f"{SAVING}*"):
        # The creator holds the lock of its claim until it ends; a folder without a claim is about to be renamed.
        with suppress(OSError), _platform.file_lock(_existing(rest / CLAIM), blocking=False):
            shutil.rmtree(rest, ignore_errors=True)


def _existing(path: Path) -> Path:
    os.stat(path)
    return path


def place_files(store: Store, folder: Path, files: Iterable[FileEntry], progress: Progress) -> None:
    """Place contents of the pool at their paths in a new folder. The caller holds the pool in use.

    Those in the bucket of the store have no file there; the caller knows that it has them.

    Raises:
        OSError: a content is missing, or the disk is full.
    """
    folder.mkdir()
    synced, copied = {folder}, 0
    for file in files:
        target, blob = folder / file.path, store.pool.blob(file.digest)
        if store.bucket is not None and not store.pool.holds(file.digest, file.size):
            continue
        if target.parent not in synced:
            target.parent.mkdir(parents=True, exist_ok=True)
            synced.add(target.parent)
        copied += place(blob, target, file.digest, progress)
    if copied > FEW and bulk_io.sync_filesystem(folder):
        return
    for path in synced:
        _platform.fsync_directory(path)


def place(blob: Path, target: Path, digest: str, progress: Progress) -> bool:
    """Link a content to a path of a version; return whether it was copied instead.

    Copies where linking fails: on another file system, or at the limit of links to one file.
    """
    try:
        _link(blob, target)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOSPC, errno.EEXIST):
            raise
    else:
        return False
    progress.extend(blob.stat().st_size)
    copy_file(blob, target, progress)
    seal(target, digest)
    return True


def _link(blob: Path, target: Path) -> None:
    # Linux reports a file as missing if it is replaced meanwhile, as by another process that adds the same content.
    while True:
        try:
            return os.link(blob, target)
        except FileNotFoundError:
            if not (blob.exists() and target.parent.exists()):
                raise


def clash_of(artifact: ArtifactFolder) -> str:
    """Return the name of an artifact of the same type that differs only in case; "" for none."""
    return next((name for name in _siblings(artifact) if _clash(name, artifact.path.name)), "")


def _siblings(artifact: ArtifactFolder) -> list[str]:
    try:
        return os.listdir(artifact.path.parent)
    except FileNotFoundError:
        return []


def _clash(path: str, other: str) -> bool:
    return path != other and path.casefold() == other.casefold()


def _reason(error: OSError) -> str:
    text = error.strerror or str(error)
    return f"{text} ({error.filename})" if error.filename else text
