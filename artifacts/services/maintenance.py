"""Verify versions, and remove contents that no version needs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from artifacts.errors import http_errors
from artifacts.models import Version
from artifacts.services.lookup import refresh
from runicorn.artifacts import garbage, store
from runicorn.artifacts.verify import VerifyResult, verify
from runs.models import StorageRoot


def verify_version(*, version: Version) -> VerifyResult:
    """Read every byte of a version and record whether it is as stored."""
    with http_errors():
        verdict = verify(version.on_disk)
    refresh(version.artifact)
    return verdict


def freed_by(*, versions: Collection[Version]) -> int:
    """Return the bytes that deleting these versions of one root permanently would free."""
    with http_errors():
        going = [version.artifact.on_disk.existing(version.number) for version in versions]
        return garbage.freed_by(going[0].artifact.store, going) if going else 0


def find_garbage(root: StorageRoot) -> garbage.Garbage:
    """Find contents that no version needs.

    Raises:
        Damaged: a manifest cannot be read, so that the needed contents are unknown.
    """
    with http_errors():
        return garbage.find(store.Store(Path(root.path)))


def collect_garbage(*, root: StorageRoot, promised: garbage.Garbage | None = None) -> garbage.Garbage:
    """Remove contents that no version needs, and none beyond `promised`."""
    with http_errors():
        return garbage.collect(store.Store(Path(root.path)), promised)
