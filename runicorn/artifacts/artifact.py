"""The artifact as a training script sees it: a draft of a new version, or a stored version."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.artifacts import names, scan, verify
from runicorn.artifacts.copying import copy_and_hash
from runicorn.artifacts.create import Draft, save
from runicorn.artifacts.errors import ArtifactError, ArtifactNotFound, DamagedFile, InvalidArtifact
from runicorn.artifacts.manifest import FileEntry, Manifest, Metadata, Reference, is_size
from runicorn.artifacts.store import Store, Version
from runicorn.settings import free_space
from runicorn.store.notices import say
from runicorn.store.progress import Progress, show_progress
from runicorn.store.units import format_bytes


class NotLoaded(ArtifactError, RuntimeError):
    """The artifact is not a version yet."""


class Artifact:
    """A model, a dataset, or any other versioned set of files.

        artifact = rn.Artifact("resnet", type="model").add_file("best.pt").add_metadata({"acc": 0.93})
        run.log_artifact(artifact)

    Args:
        name: 1-128 characters.
        type: "model", "dataset", "config", "code" or "custom".
        description: free text.
        metadata: values that can be stored as JSON.

    Raises:
        InvalidArtifact: the name or the type is invalid.
    """

    def __init__(
        self,
        name: str,
        type: str = names.ArtifactType.MODEL,
        description: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = names.check_name(name)
        self.type = names.check_type(type)
        self.description = str(description)
        self.metadata: dict[str, Any] = dict(metadata or {})
        self.tags: list[str] = []
        self._files: dict[str, Path] = {}
        self._references: list[Reference] = []
        self._version: Version | None = None

    def __str__(self) -> str:
        return self.full_name

    def __repr__(self) -> str:
        state = self.full_name if self.is_loaded else f"{self.name} (unstaged)"
        return f"<Artifact {state} type={self.type}>"

    # Drafts

    def add_file(self, path: str | os.PathLike[str], name: str | None = None) -> Artifact:
        """Add a file; it is read when the artifact is logged.

        Args:
            path: the file.
            name: its path in the artifact; by default its file name.

        Raises:
            FileNotFoundError: it does not exist.
            InvalidArtifact: it is not a file, or `name` is not a relative path.
        """
        source = Path(path)
        if not source.exists():
            raise FileNotFoundError(f"File not found: {path}")
        if not source.is_file():
            raise InvalidArtifact(f"Not a file (use add_dir for directories): {path}")
        self._stage({names.check_path(source.name if name is None else name): source.resolve()})
        return self

    def add_dir(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        exclude_patterns: Iterable[str] | None = None,
        *,
        follow_symlinks: bool = False,
    ) -> Artifact:
        """Add every file below a folder, under its path relative to the folder.

        Args:
            path: the folder.
            name: prefix of the paths in the artifact.
            exclude_patterns: paths to leave out, such as `*.pyc` or `logs/*`.
            follow_symlinks: follow symbolic links. By default links to folders, out of the folder, or to nothing are
                recorded as references.

        Raises:
            FileNotFoundError: it does not exist.
            InvalidArtifact: it is not a folder, or a path in it is invalid or already used.
        """
        folder = Path(path)
        if not folder.exists():
            raise FileNotFoundError(f"Directory not found: {path}")
        if not folder.is_dir():
            raise InvalidArtifact(f"Not a directory: {path}")
        prefix = f"{names.check_path(name)}/" if name is not None else ""
        content = scan.below(folder, exclude_patterns or (), follow_symlinks, prefix)
        self._stage({names.check_path(path): source.absolute() for path, source in content.files.items()})
        self._references.extend(content.links)
        if content.others:
            say(
                f"{folder} contains {len(content.others)} pipes, sockets or devices, which cannot be stored: {content.others[0]}."
            )
        if not content.files and not content.links:
            say(f"{folder} contains no files; nothing was added to {self.name}.")
        return self

    def add_reference(
        self,
        uri: str,
        checksum: str | None = None,
        size: int | None = None,
        name: str | None = None,
        **metadata: Any,
    ) -> Artifact:
        """Record data stored elsewhere; it is never read.

        Args:
            uri: `s3://…`, `gs://…`, `https://…`, `file://…`; an absolute path becomes the last of these.
            checksum: checksum stated by its owner.
            size: size in bytes.
            name: its name in the artifact.
            **metadata: further fields.

        Raises:
            InvalidArtifact: `uri` has no scheme, or `size` is invalid.
        """
        if os.path.isabs(uri):
            uri = Path(uri).as_uri()
        scheme, separator, rest = str(uri).partition(":")
        if not (separator and rest and scheme and scheme[0].isalpha() and scheme.isascii()):
            raise InvalidArtifact(f"Invalid reference {uri!r}: it must be a URI, like s3://bucket/key.")
        if size is not None and not is_size(size):
            raise InvalidArtifact(f"Invalid size {size!r} of a reference: it must be a number of bytes.")
        more = {**metadata, "name": name} if name is not None else metadata
        self._references.append(Reference(str(uri), checksum, size, more))
        return self

    def add_metadata(self, metadata: Mapping[str, Any]) -> Artifact:
        """Add entries to the metadata, replacing those of the same name."""
        self.metadata.update(metadata)
        return self

    def add_tags(self, *tags: str) -> Artifact:
        """Add tags; duplicates are dropped."""
        self.tags = list(dict.fromkeys([*self.tags, *(str(tag) for tag in tags if str(tag).strip())]))
        return self

    def _stage(self, files: dict[str, Path]) -> None:
        for path, source in files.items():
            there = self._files.get(path)  # the same file once more is no second one
            if there is not None and os.path.realpath(there) != os.path.realpath(source):
                say(f"artifact {self.name} got a second file for {path!r}: {source} replaces {there}.")
        names.check_paths({**self._files, **files})
        self._files.update(files)

    # Versions

    @property
    def version(self) -> int | None:
        """Return the number of the version; None before it is logged."""
        return self._version.number if self._version else None

    @property
    def full_name(self) -> str:
        """Return `name:v3`, or `name:unstaged`."""
        return str(self._version) if self._version else f"{self.name}:unstaged"

    @property
    def is_loaded(self) -> bool:
        """Return whether it is a stored version."""
        return self._version is not None

    def log_to(self, store: Store, run_id: str) -> Version:
        """Store it as a new version; called by `Run.log_artifact`.

        Raises:
            ArtifactError: see `runicorn.artifacts.create.save`.
        """
        draft = Draft(
            self.name,
            self.type,
            files=dict(self._files) or self._own_files(),
            references=list(self._references),
            metadata=self.metadata,
            description=self.description,
            tags=self.tags,
            run_id=run_id,
        )
        total = sum(_size(path) for path in draft.files.values())
        _warn_of_little_space(store.path, self.name, total)
        progress = show_progress(f"{self.name}:", total)
        try:
            self._version = save(store, draft, progress)
        finally:
            progress.close()
        return self._version

    def _own_files(self) -> dict[str, Path]:
        """Return the files of a stored version; logging it again stores them with added files as the next version."""
        if self._version is None:
            return {}
        return {file.path: verify.intact_place(self._version, file) for file in self._version.manifest.files}

    @classmethod
    def of(cls, version: Version) -> Artifact:
        """Create the artifact of a stored version."""
        metadata = version.metadata
        loaded = cls.__new__(cls)
        loaded.name, loaded.type = version.artifact.name, version.artifact.type
        loaded.description, loaded.metadata, loaded.tags = (
            metadata.description,
            dict(metadata.metadata),
            list(metadata.tags),
        )
        loaded._files, loaded._references = {}, list(version.manifest.references)
        loaded._version = version
        return loaded

    def get_manifest(self) -> Manifest | None:
        """Return files and references of the version; None before it is logged."""
        return self._version.manifest if self._version else None

    def get_metadata(self) -> Metadata | None:
        """Return the metadata of the version; None before it is logged."""
        return self._version.metadata if self._version else None

    def get_references(self) -> list[Reference]:
        return list(self._version.manifest.references if self._version else self._references)

    def get_file_path(self, path: str) -> Path:
        """Return the path of a file of the version in the store. It is read-only: copy it before changing it.

        Raises:
            NotLoaded: it is not a version yet.
            InvalidArtifact: the path is not a relative path.
            ArtifactNotFound: the version has no such file.
            DamagedFile: its content differs from what was stored.
        """
        version = self._loaded()
        file = version.manifest.file(names.check_path(path))
        if file is None:
            raise ArtifactNotFound(f"{version} has no file {path!r}")
        return verify.intact_place(version, file)

    def download(self, target_dir: str | os.PathLike[str] | None = None) -> Path:
        """Copy the files into a folder. Each is verified by its digest before it gets its name there.

        Args:
            target_dir: the folder, created if missing; by default a new temporary one.

        Raises:
            NotLoaded: it is not a version yet.
            DamagedFile: the content of a file differs from what was stored.
            OSError: a file could not be written.
        """
        version = self._loaded()
        if target_dir is None:
            target = Path(tempfile.mkdtemp(prefix=f"runicorn_{self.name}_v{version.number}_"))
        else:
            target = Path(target_dir)
            target.mkdir(parents=True, exist_ok=True)
        progress = show_progress(f"{version}:", version.manifest.stored_size)
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="runicorn-hash") as hasher:
                for file in version.manifest.files:
                    _fetch(version, file, target / file.path, hasher, progress)
        finally:
            progress.close()
        return target

    def _loaded(self) -> Version:
        if self._version is None:
            raise NotLoaded(f"Artifact {self.name} is not loaded. Use run.use_artifact() first.")
        if not self._version.path.is_dir():
            raise ArtifactNotFound(f"Artifact version not found: {self._version}")
        return self._version


def _fetch(version: Version, file: FileEntry, target: Path, hasher: Executor, progress: Progress) -> None:
    """Write a file under a temporary name, and rename it once its digest is verified."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{os.urandom(12).hex()}.part")
    try:
        place = verify.in_bucket(version, file)
        if place is not None:
            with beside.open("xb") as target_file:
                for block in verify.blocks(place, file):
                    target_file.write(block)
                    progress.advance(len(block))
        elif not any(
            _is_copied_whole(place, beside, file, hasher, progress) for place in verify.places(version, file)
        ):
            verify.require_bucket(version, file)
            if version.artifact.store.bucket is None or not _is_copied_whole(
                verify.intact_place(version, file), beside, file, hasher, progress
            ):
                raise DamagedFile(f"{file.path!r} of {version} is damaged in the store and was not copied.")
        if file.modified_at is not None:
            os.utime(beside, (file.modified_at, file.modified_at))
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _is_copied_whole(
    place: Path, target: Path, file: FileEntry, hasher: Executor, progress: Progress
) -> bool:
    """Copy a stored file; return whether the copy has the digest of `file`."""
    try:
        reading = _platform.open_regular(place, follow_links=False)
    except OSError:
        return False
    try:
        writing = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
        try:
            return copy_and_hash(reading, writing, file.size + 1, hasher, progress) == file.digest
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _warn_of_little_space(path: Path, name: str, total: int) -> None:
    """Warn if little space is left after storing a version; a training is never refused."""
    with suppress(OSError):
        remaining = free_space.usable(path) - total
        if remaining < 0:
            say(
                f"{name!r} has {format_bytes(total)}: the disk of {path} is almost full, {format_bytes(-remaining)} into its reserve."
            )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
