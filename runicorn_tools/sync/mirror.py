"""Sync a store on a remote host into a local one: runs, and optionally artifacts."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn_tools.sync import discovery
from runicorn_tools.sync.artifact_mirror import ArtifactMirror
from runicorn_tools.sync.inventory import Inventory
from runicorn_tools.sync.manifest.generator import PRIVATE
from runicorn_tools.sync.manifest.scan import Item
from runicorn_tools.sync.project_mirror import mirror_projects
from runicorn_tools.sync.result import SyncResult
from runicorn_tools.sync.run_mirror import Progress, RunMirror
from runicorn_tools.sync.state import State
from runicorn_tools.sync.stopping import StopRequest
from runicorn_tools.sync.transport import RemoteFiles

FRESH_SECONDS = 900.0
"""Maximum age of a manifest that this sync did not generate; older ones are ignored and folders are listed."""


def mirror_store(
    remote: RemoteFiles,
    remote_root: str,
    into: Path,
    name: str,
    *,
    generate: Callable[[], bool] | None = None,
    progress: Progress | None = None,
    stop: StopRequest | None = None,
    artifacts: bool = False,
) -> SyncResult:
    """Mirror the runs and the files of projects of a store on a remote host into a local store.

    The runs are discovered by a manifest generated now on the remote host, else by one of the last 15 minutes, else
    by listing folders over SFTP: four requests for each folder of projects and experiments, one more
    for each hundred runs, and five for each run that is not settled (see `runicorn_tools.sync.manifest.scan`).

    Args:
        remote: the files of the remote host.
        into: the local storage root; its own runs stay unchanged.
        name: the remote host; key of the sync state.
        generate: generates a manifest on the remote host and returns whether that worked.
        progress: called with files done, files in total, and the path of the last.
        stop: request to stop, set by another thread or a signal handler.
        artifacts: mirror also the versions of artifacts that the runs created or used.

    Returns:
        As `ManifestSyncClient.sync`, and `source`: `generated`, `manifest` or `listing`; with artifacts
        `artifacts_synced`, the number of new versions.

    Raises:
        ConnectionError: the connection was lost; what was fetched until then is kept.
        OSError: the remote root cannot be listed, or the local folder cannot be written.
    """
    place = hashlib.sha256(f"{name}\0{remote_root}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    folder = into / PRIVATE / "sync" / place
    discovered = _Discovery(remote, remote_root, into, generate)
    result = RunMirror(remote, remote_root, into, folder, stop).run(discovered.discover, progress)
    result["source"] = discovered.source
    written_count, problems = mirror_projects(remote, remote_root, into, folder, discovered.projects)
    if written_count or problems:
        result.pop("skipped", None)
        result.pop("reason", None)
        result["files_synced"] += written_count
        result["problems"] += problems
    if artifacts:
        _merge_results(
            result, ArtifactMirror(remote, remote_root, into, folder, stop).run(discovered.runs, progress)
        )
    return result


class _Discovery:
    """Discovery of the remote runs, with the source used and the runs found."""

    def __init__(
        self, remote: RemoteFiles, remote_root: str, into: Path, generate: Callable[[], bool] | None
    ) -> None:
        self._remote, self._remote_root, self._into, self._generate = remote, remote_root, into, generate
        self.source = "listing"
        self.runs: list[str] = []

    def discover(self, state: State) -> Inventory:
        inventory = self._read(state)
        self.runs = list(inventory.runs)
        return inventory

    @property
    def projects(self) -> list[str]:
        """Projects of the runs; those of Runicorn 0.6 and 0.7 have no folder."""
        return sorted({project for run in self.runs if (project := run.partition("/")[0]) != layout.RUNS})

    def _read(self, state: State) -> Inventory:
        is_generated = self._generate is not None and self._generate()
        try:
            inventory = discovery.read_manifests(
                self._remote, self._remote_root, (lambda item: True) if is_generated else _is_fresh
            )
        except ConnectionError:
            raise
        except OSError:
            return discovery.list_runs(self._remote, self._remote_root, state, self._into)
        self.source = "generated" if is_generated else "manifest"
        return inventory


def _is_fresh(item: Item) -> bool:
    return abs(time.time() - item.mtime) < FRESH_SECONDS


def _merge_results(result: SyncResult, artifacts_result: dict[str, Any]) -> None:
    if artifacts_result["artifacts_synced"] or artifacts_result["problems"]:
        result.pop("skipped", None)
        result.pop("reason", None)
    result["artifacts_synced"] = artifacts_result["artifacts_synced"]
    result["bytes_downloaded"] += artifacts_result["bytes_downloaded"]
    result["failed_count"] += artifacts_result["failed_count"]
    result["problems"] += artifacts_result["problems"]
    result["duration"] += artifacts_result["duration"]
