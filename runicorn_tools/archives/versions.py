"""Versions of artifacts in an archive: compare them with the store's, and store them under their numbers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from runicorn import _platform
from runicorn.artifacts import create, names, store
from runicorn.artifacts import import_commit as commit
from runicorn.artifacts.errors import ArtifactError, DamagedFile
from runicorn.artifacts.manifest import FileEntry, Manifest
from runicorn.artifacts.store import ArtifactFolder, Store
from runicorn.store import layout
from runicorn.store.progress import NO_PROGRESS
from runicorn_tools.archives.limits import ArchiveRefused
from runicorn_tools.archives.paths import Kind
from runicorn_tools.archives.staging import Unpacked


class Arrival(NamedTuple):
    """A version in an archive.

    Attributes:
        small: its small files, by name.
    """

    folder: ArtifactFolder
    number: int
    small: dict[str, Path]
    files: tuple[FileEntry, ...]
    aliases: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.folder.type}/{self.folder.name}:v{self.number}"

    @property
    def alias_numbers(self) -> dict[str, int]:
        return dict.fromkeys(self.aliases, self.number)

    @property
    def is_there(self) -> bool:
        return (self.folder.version(self.number).path / store.MANIFEST).is_file()

    @property
    def is_same(self) -> bool:
        """Return whether the store's version of that number consists of the same files."""
        try:
            ours = self.folder.version(self.number).manifest.files
        except DamagedFile:
            return False
        return _content(ours) == _content(self.files)


def _content(files: Iterable[FileEntry]) -> set[tuple[str, str]]:
    return {(file.path, file.digest) for file in files}


def arrivals(shelves: Store, unpacked: list[Unpacked]) -> tuple[list[Arrival], dict[str, str]]:
    """Return the unpacked versions whose contents are complete, by artifact and number.

    Returns:
        The versions, and for each version with a missing or torn manifest the reason why it is skipped.

    Raises:
        ArchiveRefused: a manifest is invalid, or a content is missing.
    """
    small: dict[str, dict[str, Path]] = {}
    for entry in unpacked:
        if entry.place.kind is Kind.VERSION:
            files = small.setdefault(entry.place.owner, {})
            if not entry.place.rest.startswith("files/"):
                files[entry.place.rest] = entry.path
    there = contents(unpacked)
    called = _aliases(unpacked)
    problems = {owner: problem for owner, files in small.items() if (problem := _problem(files))}
    new_arrivals = [
        _arrival(shelves, owner, files, called) for owner, files in small.items() if owner not in problems
    ]
    for arrival in new_arrivals:
        for file in arrival.files:
            if file.digest not in there and not shelves.holds(file.digest, file.size):
                raise ArchiveRefused(
                    "The archive lacks the content of {path} of {arrival}.",
                    path=repr(file.path),
                    arrival=arrival,
                )
    ordered = sorted(
        new_arrivals, key=lambda arrival: (arrival.folder.type, arrival.folder.name, arrival.number)
    )
    return ordered, problems


def _problem(small: Mapping[str, Path]) -> str:
    """Return why the manifest of a version cannot be used; "" if it can."""
    if store.MANIFEST not in small:
        return f"it has no {store.MANIFEST}"
    return layout.read_json(small[store.MANIFEST], ceiling=store.MANIFEST_CEILING)[1] or ""


def contents(unpacked: Iterable[Unpacked]) -> dict[str, Unpacked]:
    return {entry.digest: entry for entry in unpacked if entry.digest}


def _arrival(
    shelves: Store, owner: str, small: dict[str, Path], called: Mapping[tuple[str, int], list[str]]
) -> Arrival:
    _, kind, name, version = owner.split("/")
    number = int(version[1:])
    value, _ = layout.read_json(small[store.MANIFEST], ceiling=store.MANIFEST_CEILING)
    try:
        files = Manifest.from_dict(value).files
        names.check_paths(file.path for file in files)
        folder = shelves.folder(names.MISPLACED.get(kind, kind), name)
    except ArtifactError as error:
        raise ArchiveRefused(
            "The archive's version {owner} was rejected: {error}", owner=repr(owner), error=error
        ) from error
    if clash := create.clash_of(folder):
        raise ArchiveRefused(
            "The archive's version {owner} was rejected: the artifact {clash} exists and differs only "
            "in case.",
            owner=repr(owner),
            clash=repr(clash),
        )
    return Arrival(folder, number, small, files, tuple(called.get((f"{kind}/{name}", number), ())))


def _aliases(unpacked: list[Unpacked]) -> dict[tuple[str, int], list[str]]:
    """Return the valid aliases in the indexes of an archive, by artifact and number."""
    aliases: dict[tuple[str, int], list[str]] = {}
    for entry in unpacked:
        if entry.place.kind is Kind.INDEX:
            aliases_in_index = layout.read_json(entry.path)[0].get("aliases")
            for alias, number in (aliases_in_index if isinstance(aliases_in_index, dict) else {}).items():
                with suppress(ArtifactError):
                    key = (entry.place.owner.partition("/")[2], number if type(number) is int else 0)
                    aliases.setdefault(key, []).append(names.check_alias(alias))
    return aliases


def put(shelves: Store, arrival: Arrival, there: Mapping[str, Unpacked]) -> bool:
    """Store a version; return False if its number was taken meanwhile. The caller holds the pool in use.

    Raises:
        OSError: it could not be written; nothing of it is left.
    """
    with create.new_version_folder(arrival.folder) as folder:
        build(shelves, arrival, there, folder)
        (folder / create.CLAIM).unlink(missing_ok=True)
        return commit.place_version(arrival.folder, arrival.number, folder, arrival.alias_numbers)


def build(shelves: Store, arrival: Arrival, there: Mapping[str, Unpacked], folder: Path) -> None:
    """Build a version in a folder of its own. The caller holds the pool in use."""
    for file in arrival.files:
        if not shelves.holds(file.digest, file.size):
            entry = there[file.digest]
            shelves.adopt(entry.path, file.digest, entry.size)
    create.place_files(shelves, folder / store.FILES, arrival.files, NO_PROGRESS)
    for name, path in arrival.small.items():
        os.replace(path, folder / name)
    _platform.fsync_directory(folder)
