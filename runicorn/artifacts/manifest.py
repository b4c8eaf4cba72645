"""Content and metadata of a version: `manifest.json` and `metadata.json` of Runicorn 0.4-0.5."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runicorn.artifacts.errors import DamagedFile, InvalidArtifact
from runicorn.artifacts.names import check_path

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

ALGORITHM = "sha256:"
LARGEST_SIZE = 2**53
"""Size limit of one file or reference: larger integers are not exact in every JSON reader."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class FileEntry:
    """One file of a version.

    Attributes:
        path: relative, with forward slashes.
        size: size in bytes.
        digest: `sha256:` and 64 hexadecimal digits.
        modified_at: modification time of its source in Unix seconds; None if unknown.
    """

    path: str
    size: int
    digest: str
    modified_at: float | None = None


@dataclass(frozen=True)
class Reference:
    """Data of a version that is stored elsewhere.

    Attributes:
        uri: `s3://…`, `gs://…`, `https://…`, `file://…`.
        checksum: checksum stated by its owner; not verified.
        size: stated size in bytes.
    """

    uri: str
    checksum: str | None = None
    size: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """The files and references of a version.

    Attributes:
        files: sorted by path.
        references: in the order in which they were added.
        created_at: Unix seconds.
    """

    files: tuple[FileEntry, ...]
    references: tuple[Reference, ...]
    created_at: float

    @property
    def total_size(self) -> int:
        """Return the bytes of all files, and of references that state a size."""
        return self.stored_size + sum(reference.size or 0 for reference in self.references)

    @property
    def stored_size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def total_files(self) -> int:
        return len(self.files)

    @property
    def total_references(self) -> int:
        return len(self.references)

    def file(self, path: str) -> FileEntry | None:
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> dict[str, FileEntry]:
        return {file.path: file for file in self.files}

    def to_dict(self) -> dict[str, Any]:
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
        """Parse and validate the content of `manifest.json`.

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
        raise DamagedFile("manifest.json has an invalid file entry.")
    try:
        path = check_path(value.get("path"))
    except InvalidArtifact as error:
        raise DamagedFile(f"manifest.json is invalid. {error}") from error
    size, digest, modified = value.get("size"), _with_algorithm(value.get("digest")), value.get("modified_at")
    if not is_size(size) or not _DIGEST.fullmatch(digest):
        raise DamagedFile(f"manifest.json lacks the size or the digest of {path!r}.")
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
    """Return whether it is `sha256:` and 64 hexadecimal digits in lower case."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def digest_of(content: bytes) -> str:
    """Return the digest of bytes, prefixed with the algorithm."""
    return ALGORITHM + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Metadata:
    """Metadata of a version; the fields of `metadata.json`, in its order.

    Times are Unix seconds, sizes bytes. `manifest_digest` has no prefix in the file.
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
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], *, name: str, type: str, version: int) -> Metadata:
        """Parse `metadata.json`. Invalid fields get their defaults; name, type and version are those of the folder."""
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
    """Return whether it is a valid size of a file or a reference."""
    return type(value) is int and 0 <= value <= LARGEST_SIZE


def _number(value: Any, default: Any) -> Any:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
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
