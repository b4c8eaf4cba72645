"""One visit to a store on another machine: what it holds is found out in the cheapest way that is true, and fetched."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runicorn.manifest.generator import PRIVATE
from runicorn.manifest.scan import Item
from runicorn.sync import source
from runicorn.sync.checking import Told
from runicorn.sync.client import Ending, Mirror, Progress
from runicorn.sync.state import State
from runicorn.sync.transport import Remote
from runicorn.sync.versions import Versions

FRESH_SECONDS = 900.0
"""A manifest that somebody else had made is used for so long; after that the folders are looked at."""


def visit(
    remote: Remote,
    remote_root: str,
    into: Path,
    name: str,
    *,
    generate: Callable[[], bool] | None = None,
    progress: Progress | None = None,
    ending: Ending | None = None,
    artifacts: bool = False,
) -> dict[str, Any]:
    """Make the runs of a store on another machine runs of a store here, or bring them up to date.

    What is there is told by a manifest that is made there now, else by one that is not older than a quarter of an
    hour, else by a look at the folders over SFTP: four requests for each folder of projects and experiments, one more
    for each hundred runs, and five for each run that is not settled (see `runicorn.manifest.scan`).

    Args:
        remote: the files of the other machine.
        remote_root: the storage root there.
        into: the storage root here; runs of its own are left alone.
        name: of the other machine; what is remembered of it is found under it.
        generate: has a manifest made over there; whether that worked.
        progress: is told files done, files in all, and the path of the last.
        ending: of the connection, on purpose, by another thread or a signal.
        artifacts: bring the versions of artifacts that the runs made or used as well.

    Returns:
        As `ManifestSyncClient.sync`, and `source`: `generated`, `manifest` or `listing`; with artifacts
        `artifacts_synced`, the number of versions that came.

    Raises:
        ConnectionError: the connection was lost; what came until then is kept.
        OSError: the root there cannot be listed, or the folder here cannot be written.
    """
    place = hashlib.sha256(f"{name}\0{remote_root}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    folder = into / PRIVATE / "sync" / place
    found = _Finding(remote, remote_root, into, generate)
    result = Mirror(remote, remote_root, into, folder, ending).visit(found.look, progress)
    result["source"] = found.source
    if artifacts:
        _add(result, Versions(remote, remote_root, into, folder, ending).bring(found.runs, progress))
    return result


class _Finding:
    """Finds out what is over there, and keeps how, and which runs that are."""

    def __init__(
        self, remote: Remote, remote_root: str, into: Path, generate: Callable[[], bool] | None
    ) -> None:
        self._remote, self._remote_root, self._into, self._generate = remote, remote_root, into, generate
        self.source = "listing"
        self.runs: list[str] = []

    def look(self, state: State) -> Told:
        told = self._told(state)
        self.runs = list(told.runs)
        return told

    def _told(self, state: State) -> Told:
        made = self._generate is not None and self._generate()
        try:
            told = source.manifests(
                self._remote, self._remote_root, (lambda item: True) if made else _is_fresh
            )
        except ConnectionError:
            raise
        except OSError:
            return source.listing(self._remote, self._remote_root, state, self._into)
        self.source = "generated" if made else "manifest"
        return told


def _is_fresh(item: Item) -> bool:
    return abs(time.time() - item.mtime) < FRESH_SECONDS


def _add(result: dict[str, Any], brought: dict[str, Any]) -> None:
    """Put what became of the versions to what became of the runs."""
    if brought["artifacts_synced"] or brought["problems"]:
        result.pop("skipped", None)
        result.pop("reason", None)
    result["artifacts_synced"] = brought["artifacts_synced"]
    for key in ("bytes_downloaded", "failed_count", "problems", "duration"):
        result[key] += brought[key]
