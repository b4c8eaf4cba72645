"""What is on the other machine: from the manifests that lie there, or by a look at its folders."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from runicorn.manifest.generator import PRIVATE
from runicorn.manifest.model import ManifestType
from runicorn.manifest.scan import Item, scan
from runicorn.store import layout
from runicorn.sync.checking import InvalidManifest, Mark, Told, parse, unpack
from runicorn.sync.state import State
from runicorn.sync.transport import Remote, RemoteReader, joined

MOST_PACKED = 512 * 2**20
"""Bytes of a manifest as it is stored."""


def manifests(remote: Remote, root: str, fresh: Callable[[Item], bool] = lambda item: True) -> Told:
    """What the manifests of a store tell: the full one, and of what was written since, the active one.

    Args:
        remote: the other machine.
        root: the storage root there.
        fresh: whether a manifest file is to be used.

    Raises:
        OSError: there is no manifest that can be used.
    """
    try:
        items = {
            item.name: item
            for item in remote.list(joined(root, PRIVATE))
            if not item.is_folder and fresh(item)
        }
    except (FileNotFoundError, PermissionError):
        items = {}
    problems: list[str] = []
    found = [_read(remote, root, kind, items, problems) for kind in ManifestType]
    told = [each for each in found if each is not None]
    if not told:
        raise OSError(" ".join(["No valid manifest found on server.", *problems]))
    told[0].problems = problems + told[0].problems
    return _together(*told) if len(told) == 2 else told[0]


def _read(
    remote: Remote, root: str, kind: ManifestType, items: dict[str, Item], problems: list[str]
) -> Told | None:
    for name in (f"{kind}_manifest.json.gz", f"{kind}_manifest.json"):
        item = items.get(name)
        if item is None:
            continue
        try:
            content = _bytes(remote, joined(root, f"{PRIVATE}/{name}"), item.size)
            told = parse(unpack(content) if name.endswith(".gz") else content)
            if told.is_complete is (kind is ManifestType.FULL):
                return told
            problems.append(f"{name} is a manifest of another type.")
        except InvalidManifest as error:
            problems.append(f"{name} cannot be used: {error}")
        except ConnectionError:
            raise
        except OSError as error:
            problems.append(f"{name} could not be read: {error.strerror or error}.")
    return None


def _bytes(remote: Remote, path: str, size: int) -> bytes:
    if size > MOST_PACKED:
        raise InvalidManifest(f"It has more than {MOST_PACKED} bytes.")
    pieces: list[bytes] = []
    # It may have been replaced by a longer one since it was listed.
    remote.read(path, 0, size + 65536, pieces.append)
    return b"".join(pieces)


def _together(full: Told, active: Told) -> Told:
    if active.generated_at <= full.generated_at:
        return full
    told = replace(full, runs={**full.runs, **active.runs})
    told.revision = max(full.revision, active.revision)
    told.snapshot_id = f"{full.snapshot_id} {active.snapshot_id}"
    told.problems = full.problems + active.problems
    told.refused = full.refused + active.refused
    told.unread = [*full.unread, *active.unread]
    return told


def listing(remote: Remote, root: str, state: State, here: Path) -> Told:
    """What a look at the folders of a store tells: a run that has ended costs its line in the listing above it.

    Args:
        remote: the other machine.
        root: the storage root there.
        state: what is remembered of the last look; it is the new one afterwards.
        here: the mirror: what a run said of itself at the last visit.

    Raises:
        OSError: the root could not be listed.
    """

    def status(folder: str) -> str | None:
        word = layout.read_json(here / folder / layout.STATUS)[0].get("status")
        return word if isinstance(word, str) else None

    found = scan(RemoteReader(remote, root, status), state.listed)
    state.listed = found.runs
    runs = {
        folder: {name: Mark(size, mtime) for name, (size, mtime) in run.files.items()}
        for folder, run in found.runs.items()
        if run.files
    }
    return Told(runs=runs, unread=found.unread, snapshot_id=f"listed {time.time():.3f}")
