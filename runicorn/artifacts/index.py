"""The index `versions.json`: rewritten from the folders of the versions after every change.

The folders are authoritative; the next write repairs the index after a crash.
"""

from __future__ import annotations

import time
from typing import Any

from runicorn.artifacts.names import LATEST
from runicorn.artifacts.store import INDEX, ArtifactFolder, write_small

DELETED = "deleted"


def rewrite(artifact: ArtifactFolder, aliases: dict[str, int] | None = None) -> None:
    """Rewrite the index. The caller holds the artifact's lock.

    Args:
        aliases: the new aliases, without `latest`; None keeps the current ones.

    Raises:
        OSError: it could not be written; the old one is unchanged.
    """
    before = artifact.index()
    existing = {alias: number for alias, number in artifact.aliases().items() if alias != LATEST}
    numbers, live = artifact.numbers(), artifact.live()
    live_aliases = {
        alias: number
        for alias, number in (existing if aliases is None else aliases).items()
        if number in live
    }
    now = time.time()
    every = {LATEST: live[-1], **live_aliases} if live else {}
    entries = [_entry(artifact, number, number in live, every) for number in numbers]
    created = before.get("created_at")
    value = {
        "artifact_name": artifact.name,
        "artifact_type": artifact.type,
        "versions": entries,
        "aliases": every,
        "created_at": created if isinstance(created, (int, float)) else now,
        "updated_at": now,
    }
    write_small(artifact.path / INDEX, value)


def _entry(artifact: ArtifactFolder, number: int, live: bool, aliases: dict[str, int]) -> dict[str, Any]:
    metadata = artifact.version(number).metadata
    return {
        "version": number,
        "created_at": metadata.created_at,
        "created_by_run": metadata.created_by_run,
        "size_bytes": metadata.size_bytes,
        "num_files": metadata.num_files,
        "status": metadata.status if live else DELETED,
        "aliases": [alias for alias, target in aliases.items() if target == number],
    }
