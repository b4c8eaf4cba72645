"""The manifest of a store, format 1.0: its runs and their files, with sizes, times and hashes.

    {"format_version": "1.0", "manifest_type": "full"|"active", "revision": i, "snapshot_id": uuid, "generated_at": f,
     "server_hostname": s, "remote_root": s, "experiments": [{run_id, project, name, status, created_at, updated_at,
     "files": [{path, size, mtime, tail_hash?, head_hash?, priority?, is_append_only?}], tags, deleted_at?}],
     "statistics": {total_experiments, total_files, total_bytes}, "generator_version": "1.0", "unread": [s]}

Times are Unix seconds, sizes bytes, paths relative to the root. `tail_hash` and `head_hash` are the MD5 of the last and
the first 4,096 bytes of an append-only file. `unread` are folders that could not be read: what is missing there was not
deleted. `head_hash`, `deleted_at` and `unread` were added in 1.0; Runicorn 0.5 ignores them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runicorn.store import layout

FORMAT_VERSION = "1.0"
HASHED = 4096
"""Bytes hashed at each end of an append-only file."""


class ManifestType(StrEnum):
    """Content of a manifest: all runs, or active ones."""

    FULL = "full"
    ACTIVE = "active"


@dataclass(slots=True)
class FileEntry:
    """A file of a run."""

    path: str
    size: int
    mtime: float
    tail_hash: str | None = None
    head_hash: str | None = None
    priority: int = 0
    is_append_only: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return its form in a manifest, without empty fields."""
        optional = {
            "tail_hash": self.tail_hash,
            "head_hash": self.head_hash,
            "priority": self.priority,
            "is_append_only": self.is_append_only,
        }
        fields = {"path": self.path, "size": self.size, "mtime": self.mtime}
        return fields | {key: value for key, value in optional.items() if value}


@dataclass(slots=True)
class ExperimentEntry:
    """A run, with its files sorted by priority and path."""

    run_id: str
    project: str
    name: str
    status: str
    created_at: float
    updated_at: float
    files: list[FileEntry] = field(default_factory=list)
    tags: list[str] | None = None
    deleted_at: float | None = None

    @property
    def folder(self) -> str:
        """Return the run's folder relative to the root: the beginning of the paths of its files."""
        return folder_of(self.files[0].path) if self.files else ""

    def to_dict(self) -> dict[str, Any]:
        """Return its form in a manifest."""
        fields = {
            "run_id": self.run_id,
            "project": self.project,
            "name": self.name,
            "status": self.status,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "files": [file.to_dict() for file in self.files],
            "tags": self.tags,
        }
        return fields if self.deleted_at is None else fields | {"deleted_at": self.deleted_at}


@dataclass(slots=True)
class SyncManifest:
    """A manifest."""

    manifest_type: ManifestType
    revision: int
    snapshot_id: str
    generated_at: float
    server_hostname: str
    remote_root: str
    experiments: list[ExperimentEntry] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    format_version: str = FORMAT_VERSION

    @property
    def total_experiments(self) -> int:
        """Return the number of runs."""
        return len(self.experiments)

    @property
    def total_files(self) -> int:
        return sum(len(entry.files) for entry in self.experiments)

    @property
    def total_bytes(self) -> int:
        """Return the total size of the files."""
        return sum(file.size for entry in self.experiments for file in entry.files)

    def to_json(self) -> bytes:
        """Return the manifest as stored: one run per line, so that manifests can be diffed."""
        head = {
            "format_version": self.format_version,
            "manifest_type": self.manifest_type.value,
            "revision": self.revision,
            "snapshot_id": self.snapshot_id,
            "generated_at": self.generated_at,
            "server_hostname": self.server_hostname,
            "remote_root": self.remote_root,
        }
        foot = {
            "statistics": {
                "total_experiments": self.total_experiments,
                "total_files": self.total_files,
                "total_bytes": self.total_bytes,
            },
            "generator_version": FORMAT_VERSION,
            "unread": self.unread,
        }
        runs = b",\n".join(encode(entry.to_dict()) for entry in self.experiments)
        return b'%s, "experiments": [\n%s\n], %s\n' % (encode(head)[:-1], runs, encode(foot)[1:])


def encode(value: Any) -> bytes:
    """Encode a JSON document in one line; all names are valid Unicode."""
    return json.dumps(value, ensure_ascii=False).encode()


def folder_of(path: str) -> str:
    """Return the run's folder of a file's path."""
    return layout.split_run_path(path)[0]
