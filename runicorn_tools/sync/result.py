"""Result of a sync."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class SyncResult(TypedDict):
    """Counts of one sync; `duration` in seconds.

    A sync that changed nothing has `skipped` with the `reason`: `no_changes` (same manifest as at the last sync) or
    `no_file_changes`. `source` (`generated`, `manifest` or `listing`) and `artifacts_synced` come from `mirror_store`.
    """

    files_synced: int
    bytes_downloaded: int
    incremental_count: int
    full_count: int
    skipped_count: int
    failed_count: int
    refused_count: int
    deleted_count: int
    problems: list[str]
    duration: float
    manifest_revision: int
    manifest_snapshot_id: str
    skipped: NotRequired[bool]
    reason: NotRequired[str]
    source: NotRequired[str]
    artifacts_synced: NotRequired[int]
