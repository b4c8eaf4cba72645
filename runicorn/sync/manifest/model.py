"""The manifest of a store, format 1.0: which files its runs have, and how to tell whether they changed.

    {"format_version": "1.0", "manifest_type": "full"|"active", "revision": i, "snapshot_id": uuid, "generated_at": f,
     "server_hostname": s, "remote_root": s, "experiments": [{run_id, project, name, status, created_at, updated_at,
     "files": [{path, size, mtime, tail_hash?, head_hash?, priority?, is_append_only?}], tags, deleted_at?}],
     "statistics": {total_experiments, total_files, total_bytes}, "generator_version": "1.0", "unread": [s]}

Times are Unix seconds, sizes bytes, paths relative to the root. `tail_hash` and `head_hash` are the MD5 of the last and
the first 4,096 bytes of a file that only grows. `unread` are folders that could not be read: what is missing there was
not deleted. `head_hash`, `deleted_at` and `unread` are ours; readers of Runicorn 0.5 pass over them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runicorn.store import layout

FORMAT_VERSION = "1.0"
HASHED = 4096
"""Bytes at each end of a growing file that are hashed."""


class ManifestType(StrEnum):
    """What a manifest holds: every run, or those that are being written."""

    FULL = "full"
    ACTIVE = "active"


@dataclass(slots=True)
class FileEntry:
    """One file of a run."""

    path: str
    size: int
    mtime: float
    tail_hash: str | None = None
    head_hash: str | None = None
    priority: int = 0
    is_append_only: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a manifest; what says nothing is left out."""
        optional = {
            "tail_hash": self.tail_hash,
            "head_hash": self.head_hash,
            "priority": self.priority,
            "is_append_only": self.is_append_only,
        }
        known = {"path": self.path, "size": self.size, "mtime": self.mtime}
        return known | {key: value for key, value in optional.items() if value}


@dataclass(slots=True)
class ExperimentEntry:
    """One run, with its files by priority and path."""

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
        """The run's folder relative to the root: what the paths of its files begin with."""
        return folder_of(self.files[0].path) if self.files else ""

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        known = {
            "run_id": self.run_id,
            "project": self.project,
            "name": self.name,
            "status": self.status,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "files": [file.to_dict() for file in self.files],
            "tags": self.tags,
        }
        return known if self.deleted_at is None else known | {"deleted_at": self.deleted_at}


@dataclass(slots=True)
class SyncManifest:
    """A whole manifest."""

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
        """How many runs it holds."""
        return len(self.experiments)

    @property
    def total_files(self) -> int:
        """How many files they have."""
        return sum(len(entry.files) for entry in self.experiments)

    @property
    def total_bytes(self) -> int:
        """The sizes of these files together."""
        return sum(file.size for entry in self.experiments for file in entry.files)

    def to_json(self) -> bytes:
        """The manifest as it is stored: one run a line, so that two of them can be compared by eye."""
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
    """One JSON document in a line; names that are no Unicode do not get here."""
    return json.dumps(value, ensure_ascii=False).encode()


def folder_of(path: str) -> str:
    """The run's folder of a file's path."""
    return layout.split_run_path(path)[0]
