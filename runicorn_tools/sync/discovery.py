"""Discovery of the runs on a remote host, by its manifests or by listing its folders."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from runicorn.store import layout
from runicorn_tools.sync.inventory import FileInfo, InvalidManifest, Inventory, parse, unpack
from runicorn_tools.sync.manifest.generator import PRIVATE
from runicorn_tools.sync.manifest.model import ManifestType
from runicorn_tools.sync.manifest.scan import Item, scan
from runicorn_tools.sync.state import State
from runicorn_tools.sync.transport import RemoteFiles, RemoteLister, join_path

MOST_PACKED = 512 * 2**20
"""Size limit of a packed manifest, in bytes."""


def read_manifests(
    remote: RemoteFiles, root: str, fresh: Callable[[Item], bool] = lambda item: True
) -> Inventory:
    """Read the manifests of a store: the full one, updated by the active one.

    Args:
        remote: the files of the remote host.
        root: the storage root there.
        fresh: returns whether to use a manifest file.

    Raises:
        OSError: there is no valid manifest.
    """
    try:
        items = {
            item.name: item
            for item in remote.list(join_path(root, PRIVATE))
            if not item.is_folder and fresh(item)
        }
    except (FileNotFoundError, PermissionError):
        items = {}
    problems: list[str] = []
    parsed = [_read(remote, root, kind, items, problems) for kind in ManifestType]
    inventories = [inventory for inventory in parsed if inventory is not None]
    if not inventories:
        raise OSError(" ".join(["No valid manifest found on server.", *problems]))
    inventories[0].problems = problems + inventories[0].problems
    return _merge(*inventories) if len(inventories) == 2 else inventories[0]


def _read(
    remote: RemoteFiles, root: str, kind: ManifestType, items: dict[str, Item], problems: list[str]
) -> Inventory | None:
    for name in (f"{kind}_manifest.json.gz", f"{kind}_manifest.json"):
        item = items.get(name)
        if item is None:
            continue
        try:
            content = _bytes(remote, join_path(root, f"{PRIVATE}/{name}"), item.size)
            inventory = parse(unpack(content) if name.endswith(".gz") else content)
            if inventory.is_complete is (kind is ManifestType.FULL):
                return inventory
            problems.append(f"{name} is a manifest of another type.")
        except InvalidManifest as error:
            problems.append(f"{name} cannot be used: {error}")
        except ConnectionError:
            raise
        except OSError as error:
            problems.append(f"{name} could not be read: {error.strerror or error}.")
    return None


def _bytes(remote: RemoteFiles, path: str, size: int) -> bytes:
    if size > MOST_PACKED:
        raise InvalidManifest(f"It has more than {MOST_PACKED} bytes.")
    pieces: list[bytes] = []
    # A longer one may have replaced it since it was listed.
    remote.read(path, 0, size + 65536, pieces.append)
    return b"".join(pieces)


def _merge(full: Inventory, active: Inventory) -> Inventory:
    if active.generated_at <= full.generated_at:
        return full
    inventory = replace(full, runs={**full.runs, **active.runs})
    inventory.revision = max(full.revision, active.revision)
    inventory.snapshot_id = f"{full.snapshot_id} {active.snapshot_id}"
    inventory.problems = full.problems + active.problems
    inventory.refused = full.refused + active.refused
    inventory.unread = [*full.unread, *active.unread]
    return inventory


def list_runs(remote: RemoteFiles, root: str, state: State, mirror: Path) -> Inventory:
    """List the runs of a store over SFTP; an ended run costs only its line in the listing of its parent.

    Args:
        remote: the files of the remote host.
        root: the storage root there.
        state: the state of the last listing; updated.
        mirror: the local storage root, with the status of each run at the last sync.
    """

    def status(folder: str) -> str | None:
        word = layout.read_json(mirror / folder / layout.STATUS)[0].get("status")
        return word if isinstance(word, str) else None

    listing = scan(RemoteLister(remote, root, status), state.listed)
    state.listed = listing.runs
    runs = {
        folder: {name: FileInfo(size, mtime) for name, (size, mtime) in run.files.items()}
        for folder, run in listing.runs.items()
        if run.files
    }
    return Inventory(runs=runs, unread=listing.unread, snapshot_id=f"listed {time.time():.3f}")
