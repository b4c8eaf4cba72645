"""Artifacts and versions of a storage root.

`<root>/artifacts/<type>/<name>/` contains `versions.json` and one folder `v<N>/` per version. A version exists if its
`manifest.json` does; `versions.json` is an index for other readers, and the record of the aliases.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

from runicorn import _platform, regular_file
from runicorn.artifacts import names
from runicorn.artifacts.contents import Contents
from runicorn.artifacts.errors import (
    AliasNotFound,
    AmbiguousArtifact,
    ArtifactNotFound,
    DamagedFile,
    InvalidArtifact,
)
from runicorn.artifacts.manifest import Manifest, Metadata
from runicorn.artifacts.names import TYPES, Spec
from runicorn.store import layout, pending_imports
from runicorn.store.containment import check_inside

ARTIFACTS = "artifacts"
INDEX = "versions.json"
MANIFEST = "manifest.json"
METADATA = "metadata.json"
CURATION = "curation.json"
FILES = "files"
HIGHEST = ".highest"
"""The highest number ever used, kept when its version is deleted."""
SAVING = ".saving-"
"""Name prefix of a folder in which a version is being created."""
MANIFEST_CEILING = 512 * 1024 * 1024
"""Size limit of a manifest, for some three million files; larger ones are neither written nor read."""
UPLOADS = ".uploads"
GONE = ".gone-"
"""Name prefix of a folder that is being removed."""
_VERSION = re.compile(r"v([1-9][0-9]{0,8})")


class Version:
    """A version: a folder that only curation changes.

    Attributes:
        number: 1, 2, 3, …
    """

    def __init__(self, artifact: ArtifactFolder, number: int) -> None:
        self.artifact = artifact
        self.number = number
        self.path = artifact.path / f"v{number}"

    def __str__(self) -> str:
        return f"{self.artifact.name}:v{self.number}"

    @cached_property
    def manifest(self) -> Manifest:
        """Read its files and references.

        Raises:
            DamagedFile: `manifest.json` cannot be read, or is invalid.
        """
        if not (self.path / MANIFEST).is_file():
            raise DamagedFile("{version}: {manifest} is missing.", version=self, manifest=MANIFEST)
        value, problem = layout.read_json(self.path / MANIFEST, ceiling=MANIFEST_CEILING)
        if problem:
            raise DamagedFile("{version}: {problem}", version=self, problem=problem)
        return Manifest.from_dict(value)

    @property
    def metadata(self) -> Metadata:
        """Read its metadata, every time since curation can change it."""
        value, _ = layout.read_json(self.path / METADATA)
        return Metadata.from_dict(
            value, name=self.artifact.name, type=self.artifact.type, version=self.number
        )

    @property
    def curation(self) -> dict[str, Any]:
        """Read later changes that are not in `metadata.json`: stages, evaluations, verifications."""
        return layout.read_json(self.path / CURATION)[0]

    def is_deleted(self) -> bool:
        return (self.path / layout.DELETED).exists()

    def file_path(self, path: str) -> Path:
        """Return the path of a file of the version, which need not exist.

        Raises:
            InvalidArtifact: `path` is not a relative path.
        """
        return self.path / FILES / names.check_path(path)


class ArtifactFolder:
    """An artifact of a store.

    Attributes:
        type: one of the five types.
        path: its folder, which need not exist.
    """

    def __init__(self, store: Store, type: str, name: str, path: Path) -> None:
        self.store = store
        self.type = type
        self.name = name
        self.path = path

    def lock(self) -> AbstractContextManager[None]:
        """Lock for numbering, deleting and curating versions; Runicorn 0.4-0.5 uses the same.

        Raises:
            OutsideStore: the artifact's folder is, or lies behind, a link out of the storage root.
        """
        self.store.writable(self.path).mkdir(parents=True, exist_ok=True)
        return _platform.file_lock(self.path / ".lock", mode=0o666)

    def numbers(self) -> list[int]:
        """Return the numbers of its versions, ascending, including deleted ones."""
        return [number for number in self._folders() if (self.path / f"v{number}" / MANIFEST).is_file()]

    def all_numbers(self) -> list[int]:
        """Return the numbers of all folders of versions, ascending, including those without a manifest."""
        return [number for number in self._folders() if os.path.isdir(self.path / f"v{number}")]

    def live(self) -> list[int]:
        """Return the numbers of versions that are not deleted, ascending."""
        return [number for number in self.numbers() if not self.version(number).is_deleted()]

    def highest(self) -> int:
        """Return the highest number ever used, including incomplete folders of other programs; 0 for none."""
        try:
            stored_highest = int(regular_file.read_text(self.path / HIGHEST))
        except (OSError, ValueError):
            stored_highest = 0
        indexed = [entry.get("version") for entry in self.index_entries()]
        return max([stored_highest, *self._folders(), *(number for number in indexed if type(number) is int)])

    def _folders(self) -> list[int]:
        try:
            matches = [_VERSION.fullmatch(name) for name in os.listdir(self.path)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(int(match[1]) for match in matches if match)

    def version(self, number: int) -> Version:
        """Return a version, which need not exist."""
        return Version(self, number)

    def existing(self, number: int) -> Version:
        """Return an existing version, deleted or not."""
        version = self.version(number)
        if number < 1 or not (version.path / MANIFEST).is_file():
            raise ArtifactNotFound("Version not found: {name}:v{number}", name=self.name, number=number)
        return version

    def changeable(self, number: int) -> Version:
        """Return an existing version, deleted or not, that is about to be changed."""
        version = self.existing(number)
        self.store.writable(version.path)
        return version

    def index(self) -> dict[str, Any]:
        """Read `versions.json`; {} if it is missing or damaged."""
        return layout.read_json(self.path / INDEX)[0]

    def index_entries(self) -> list[dict[str, Any]]:
        entries = self.index().get("versions")
        return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []

    def aliases(self) -> dict[str, int]:
        """Return version numbers by alias; `latest` is the highest that is not deleted."""
        stored = self.index().get("aliases")
        live = self.live()
        aliases = {
            alias: number
            for alias, number in (stored.items() if isinstance(stored, dict) else ())
            if isinstance(alias, str) and alias != names.LATEST and number in live
        }
        return {names.LATEST: live[-1], **aliases} if live else {}

    def resolve(self, spec: Spec) -> Version:
        """Return the specified version.

        Raises:
            ArtifactNotFound: it does not exist or is deleted, or the alias is unknown.
        """
        if spec.version is not None:
            version = self.existing(spec.version)
            if version.is_deleted():
                raise ArtifactNotFound(
                    "Version not found: {version} (it is deleted, and can be restored)", version=version
                )
            return version
        aliases = self.aliases()
        if spec.alias not in aliases:
            raise AliasNotFound(
                "Alias not found: {alias} for artifact {name}. Available aliases: {aliases}",
                alias=spec.alias,
                name=self.name,
                aliases=sorted(aliases),
            )
        return self.version(aliases[spec.alias])


class Store(Contents):
    """The artifacts of one storage root.

    Attributes:
        path: `<root>/artifacts`, which need not exist.
        pool: the contents of all versions, without those in the bucket.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root, root / ARTIFACTS)

    def writable(self, path: Path) -> Path:
        """Return a path of the store that is about to be written."""
        return check_inside(self.root, path)

    def folder(self, type: str, name: str) -> ArtifactFolder:
        """Return the artifact of that type and name, which need not exist.

        Raises:
            InvalidArtifact: one of them is invalid.
        """
        checked = names.check_stored_type(type)
        own = ArtifactFolder(self, checked, names.check_name(name), self.path / checked / name)
        if own.path.is_dir():
            return own
        for misplaced in names.folders(checked)[1:]:
            other = self.path / misplaced / name
            if other.is_dir():
                return ArtifactFolder(self, checked, name, other)
        return own

    def types(self) -> list[str]:
        """Return the five types, and types of other programs in the store."""
        others = self._names(self.path) - {*TYPES, *names.MISPLACED}
        return [*TYPES, *sorted(others)]

    def folders(self, type: str | None = None) -> Iterator[ArtifactFolder]:
        """Yield every artifact, or those of a type, by type and name.

        If an artifact exists both in its own folder and in the misplaced one of an older SDK, the latter is listed with
        the name of that folder in brackets.
        """
        pending_imports.finish(self.root)
        for kind in self.types() if type is None else (type,):
            own = self._names(self.path / kind)
            for name in sorted(own):
                yield ArtifactFolder(self, kind, name, self.path / kind / name)
            for word in names.folders(kind)[1:]:
                for name in sorted(self._names(self.path / word)):
                    display_name = f"{name} ({word})" if name in own else name
                    yield ArtifactFolder(self, kind, display_name, self.path / word / name)

    def find(self, name: str, type: str | None = None) -> ArtifactFolder:
        """Return the artifact of a name, of any type if none is given.

        Raises:
            InvalidArtifact: the type is invalid.
        """
        kinds = self.types()
        if type is not None:
            kinds = [kind for kind in kinds if kind == type] or [names.check_type(type)]
        matches = [
            folder
            for kind in kinds
            for folder in self.folders(kind)
            if folder.name == name and folder.all_numbers()
        ]
        if not matches:
            raise ArtifactNotFound(f"Artifact not found: {name}" + (f" (type={type})" if type else ""))
        if len(matches) > 1:
            types = ", ".join(folder.type for folder in matches)
            raise AmbiguousArtifact(
                "There are artifacts {name} of the types {types}: specify one, as type/{name}.",
                name=name,
                types=types,
            )
        return matches[0]

    def resolve(self, spec: Spec) -> Version:
        """Return the specified version."""
        return self.find(spec.name, spec.type).resolve(spec)

    @staticmethod
    def _names(path: Path) -> set[str]:
        try:
            with os.scandir(path) as entries:
                return {
                    entry.name
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
                }
        except (FileNotFoundError, NotADirectoryError):
            return set()


def write_small(path: Path, value: dict[str, Any]) -> None:
    """Replace a small file of an artifact atomically.

    Raises:
        InvalidArtifact: it would be too large to read.
        OSError: it could not be written. After any error the old one is unchanged.
    """
    _platform.replace_file(path, fitting(path.name, layout.json_content(value)))


def fitting(name: str, content: bytes, ceiling: int = layout.JSON_CEILING) -> bytes:
    """Return the content if a file of that size can be read.

    Raises:
        InvalidArtifact: it is too large.
    """
    if len(content) > ceiling:
        sentence = f"{name} would have more than {ceiling // 2**20} MiB, and could not be read again."
        raise InvalidArtifact(sentence, "metadata" if name.startswith(METADATA) else None)
    return content
