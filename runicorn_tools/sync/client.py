"""Client that mirrors a store by its manifests, with the interface of Runicorn 0.5."""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path
from typing import Any

from runicorn_tools.sync import discovery
from runicorn_tools.sync.result import SyncResult
from runicorn_tools.sync.run_mirror import Progress, RunMirror
from runicorn_tools.sync.transport import wrap_client


class ManifestSyncClient:
    """Mirrors a store of a remote host into a local folder, by the manifests of that store.

    Args:
        sftp_client: asyncssh's `SFTPClient`, or paramiko's.
        remote_root: the remote storage root.
        cache_dir: the local folder, created if missing.
        jitter_max: random delay of up to this many seconds, so that many clients do not start at once.
        loop: the event loop of asyncssh's client; by default its own.
    """

    def __init__(
        self,
        sftp_client: Any,
        remote_root: str | os.PathLike[str],
        cache_dir: str | os.PathLike[str],
        jitter_max: float = 5.0,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._client = sftp_client
        self._loop = loop
        self.remote_root = os.fspath(remote_root)
        self.cache_dir = Path(cache_dir)
        self.jitter_max = jitter_max

    def sync(self, progress_callback: Progress | None = None) -> SyncResult:
        """Bring the folder up to date; blocks until done.

        Args:
            progress_callback: called with files done, files in total, and the path of the last.

        Returns:
            `files_synced`, `bytes_downloaded`, `incremental_count` (files that were appended to), `full_count`,
            `skipped_count` (files that are up to date), `failed_count` (retried at the next sync),
            `refused_count` (invalid entries of the manifest), `deleted_count` (runs moved into
            the recycle bin), `problems` (sentences), `duration` (seconds), `manifest_revision`, `manifest_snapshot_id`.
            If nothing changed also `skipped: True` with the `reason` `no_changes` (same manifest as at the last
            sync) or `no_file_changes`.

        Raises:
            OSError: there is no valid manifest, the connection was lost, or the folder cannot be written.
            TypeError: `sftp_client` is not an SFTP client of asyncssh or paramiko.
            RuntimeError: called in the event loop of the client itself.
        """
        remote = wrap_client(self._client, self._loop)
        if self.jitter_max > 0:
            time.sleep(random.uniform(0, self.jitter_max))
        mirror = RunMirror(remote, self.remote_root, self.cache_dir, self.cache_dir)
        return mirror.run(lambda state: discovery.read_manifests(remote, self.remote_root), progress_callback)
