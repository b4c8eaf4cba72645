"""What a version holds, and what is known about it: `manifest.json` and `metadata.json` of Runicorn 0.4-0.5."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, TypeGuard

from runicorn.artifacts.errors import DamagedFile, InvalidArtifact
from runicorn.artifacts.names import check_path

ALGORITHM = "sha256:"
LARGEST_SIZE = 2**53
"""Bytes of one file or reference: whole numbers beyond that are not exact in every reader of JSON."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class FileEntry:
    """One file of a version.

    Attributes:
        path: relative, with forward slashes.
        size: bytes.
        digest: `sha256:` and 64 hexadecimal digits.
        modified_at: when its source was last changed, Unix seconds; `None` when unknown.
    """

    path: str
    size: int
    digest: str
    modified_at: float | None = None


@dataclass(frozen=True)
class Reference:
    """Something that belongs to a version and lies elsewhere.

    Attributes:
        uri: where: `s3://…`, `gs://…`, `https://…`, `file://…`.
        checksum: as its owner states it; never checked here.
        size: bytes, as stated.
        metadata: more about it.
    """

    uri: str
    checksum: str | None = None
    size: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """The files and references of a version.

    Attributes:
        files: in the order of their paths.
        references: in the order they were added.
        created_at: Unix seconds.
    """

    files: tuple[FileEntry, ...]
    references: tuple[Reference, ...]
    created_at: float

    @property
    def total_size(self) -> int:
        """Bytes of all files, and of the references that state a size."""
        return self.stored_size + sum(reference.size or 0 for reference in self.references)

    @property
    def stored_size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def total_files(self) -> int:
        """Number of files."""
        return len(self.files)

    @property
    def total_references(self) -> int:
        """Number of references."""
        return len(self.references)

    def file(self, path: str) -> FileEntry | None:
        """The file of that path."""
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> dict[str, FileEntry]:
        return {file.path: file for file in self.files}

    def to_dict(self) -> dict[str, Any]:
        """As it stands in `manifest.json`."""
        return {
            "files": [asdict(file) for file in self.files],
            "references": [asdict(reference) for reference in self.references],
            "total_size": self.total_size,
            "total_files": self.total_files,
            "total_references": self.total_references,
            "created_at": self.created_at,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Manifest:
        """Read what stands in `manifest.json`; nothing in it is believed.

        Raises:
            DamagedFile: a file entry has no path inside the version, no size or no digest.
        """
        files, references = value.get("files"), value.get("references")
        created = value.get("created_at")
        return cls(
            tuple(map(_file, files if isinstance(files, list) else ())),
            tuple(_references(references if isinstance(references, list) else ())),
            _number(created, 0.0),
        )


def _file(value: object) -> FileEntry:
    if not isinstance(value, dict):
        raise DamagedFile("manifest.json lists something that is no file.")
    try:
        path = check_path(value.get("path"))
    except InvalidArtifact as error:
        raise DamagedFile(f"manifest.json is not to be trusted. {error}") from error
    size, digest, modified = value.get("size"), _with_algorithm(value.get("digest")), value.get("modified_at")
    if not is_size(size) or not _DIGEST.fullmatch(digest):
        raise DamagedFile(f"manifest.json does not say the size and the digest of {path!r}.")
    return FileEntry(path, size, digest, _number(modified, None))


def _references(values: Iterable[object]) -> Iterable[Reference]:
    for value in values:
        if isinstance(value, dict) and isinstance(value.get("uri"), str):
            checksum, size, more = value.get("checksum"), value.get("size"), value.get("metadata")
            yield Reference(
                value["uri"],
                checksum if isinstance(checksum, str) else None,
                size if is_size(size) else None,
                more if isinstance(more, dict) else {},
            )


def _with_algorithm(digest: object) -> str:
    text = digest if isinstance(digest, str) else ""
    return text if text.startswith(ALGORITHM) else ALGORITHM + text


def is_digest(value: object) -> bool:
    """Whether it is `sha256:` and 64 hexadecimal digits in lower case."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def content_of(value: Mapping[str, Any]) -> bytes:
    """The bytes under which a small file of a version is written."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace")


def digest_of(content: bytes) -> str:
    """The digest of some bytes, with the name of the algorithm."""
    return ALGORITHM + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Metadata:
    """What is known about a version beside its content; the fields of `metadata.json`, in its order.

    Times are Unix seconds, sizes bytes. `manifest_digest` is bare hexadecimal in the file, as it always was there.
    """

    name: str
    type: str
    version: int
    created_at: float
    updated_at: float
    created_by_run: str
    created_by_user: str | None = None
    size_bytes: int = 0
    num_files: int = 0
    num_references: int = 0
    status: str = "ready"
    metadata: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    tags: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    parent_artifacts: list[Any] = field(default_factory=list)
    manifest_digest: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in `metadata.json`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], *, name: str, type: str, version: int) -> Metadata:
        """Read what stands in `metadata.json`. Fields that are missing or of another kind have their defaults; name, type
        and version are those of the folder, whatever the file says."""
        created = _number(value.get("created_at"), 0.0)
        texts = {key: _text(value.get(key), "") for key in ("created_by_run", "description")}
        more = value.get("metadata")
        return cls(
            name=name,
            type=type,
            version=version,
            created_at=created,
            updated_at=_number(value.get("updated_at"), created),
            created_by_run=texts["created_by_run"],
            created_by_user=_text(value.get("created_by_user"), None),
            size_bytes=_count(value.get("size_bytes")),
            num_files=_count(value.get("num_files")),
            num_references=_count(value.get("num_references")),
            status=_text(value.get("status"), "ready"),
            metadata=more if isinstance(more, dict) else {},
            description=texts["description"],
            tags=_texts(value.get("tags")),
            aliases=_texts(value.get("aliases")),
            manifest_digest=_text(value.get("manifest_digest"), None),
        )


def is_size(value: object) -> TypeGuard[int]:
    """Whether it is a number of bytes that a file or a reference can have."""
    return type(value) is int and 0 <= value <= LARGEST_SIZE


def _number(value: Any, default: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return default
    try:
        number = float(value)
    except OverflowError:
        return default
    return number if math.isfinite(number) else default


def _count(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0


def _text(value: Any, default: Any) -> Any:
    return value if isinstance(value, str) else default


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
