"""One visit to a store on another machine: what it holds is found out in the cheapest way that is true, and fetched."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runicorn.manifest import source
from runicorn.manifest.checking import Told
from runicorn.manifest.client import Mirror, Progress
from runicorn.manifest.generator import PRIVATE
from runicorn.manifest.scan import Item
from runicorn.manifest.state import State
from runicorn.manifest.transport import Remote

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
    stopped: Callable[[], bool] = lambda: False,
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
        stopped: whether somebody has hung up on purpose: then what was fetched in part is not kept.

    Returns:
        As `ManifestSyncClient.sync`, and `source`: `generated`, `manifest` or `listing`.

    Raises:
        ConnectionError: the connection was lost; what came until then is kept.
        OSError: the root there cannot be listed, or the folder here cannot be written.
    """
    place = hashlib.sha256(f"{name}\0{remote_root}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
    used = "listing"

    def is_fresh(item: Item) -> bool:
        return abs(time.time() - item.mtime) < FRESH_SECONDS

    def look(state: State) -> Told:
        nonlocal used
        made = generate is not None and generate()
        try:
            told = source.manifests(remote, remote_root, (lambda item: True) if made else is_fresh)
        except ConnectionError:
            raise
        except OSError:
            return source.listing(remote, remote_root, state, into)
        used = "generated" if made else "manifest"
        return told

    mirror = Mirror(remote, remote_root, into, into / PRIVATE / "sync" / place, stopped)
    return {**mirror.visit(look, progress), "source": used}
