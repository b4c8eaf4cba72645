"""What people decide about a run, written into its folder: tags, description, pinned, archived, and the recycle bin.

The server and the command line write the same files in the same way, one of them at a time.
"""

from __future__ import annotations

import getpass
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypedDict, cast

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.containment import OutsideStore, check_inside

PRIVATE = ".runicorn"
TRASH = "trash"
PARTS = "parts"
"""The folder, in the private one, of files that come from another machine in parts and are not complete."""
FIELDS: dict[str, type] = {"tags": list, "description": str, "pinned": bool, "archived": bool}
USER_DELETED = "user_deleted"
_here = threading.Lock()


def private_folder(root: Path) -> Path:
    """The folder of our own files in a store, made when it is missing.

    Raises:
        OSError: it cannot be made, or is a link.
    """
    folder = check_inside(root, root / PRIVATE)
    folder.mkdir(exist_ok=True)
    if folder.is_symlink():
        raise OutsideStore(folder, "the folder is a link")
    return folder


class RunFields(TypedDict, total=False):
    """The curated fields of a run."""

    tags: list[str]
    description: str
    pinned: bool
    archived: bool


Changes = RunFields | Callable[[RunFields], RunFields]
"""The fields to change, or a function that computes them from the current ones."""


def note(root: Path, folder: Path, known: Mapping[str, Any], changes: Changes) -> RunFields:
    """Put changes into a run's `curation.json`; answers the fields as they are then.

    Args:
        root: the storage root.
        folder: the run's folder.
        known: what holds for each of `FIELDS` where the file does not say.
        changes: what to change; tags as they are to be stored.

    Raises:
        OSError: it could not be written.
    """
    path = check_inside(root, folder) / layout.CURATION
    with _lock(root):
        # From the file: another process may have changed it since what is known was read.
        said, _ = layout.read_json(path)
        fields = {
            field: said[field] if isinstance(said.get(field), kind) else known[field]
            for field, kind in FIELDS.items()
        }
        now = cast(RunFields, fields)
        now = {**now, **(changes(now) if callable(changes) else changes)}
        layout.write_json(path, {**said, **now, "by": _user(), "at": time.time()})
    return now


def put_into_bin(root: Path, folder: Path, status: str, reason: str = USER_DELETED) -> bool:
    """Mark a run as deleted; answers whether it was not: of several at once one is right.

    Args:
        root: the storage root.
        folder: the run's folder.
        status: the status it has.
        reason: why it is deleted.

    Raises:
        OSError: the mark could not be written.
    """
    marker = {"deleted_at": time.time(), "reason": reason, "original_status": status}
    check_inside(root, folder)
    with _lock(root):
        if (folder / layout.DELETED).exists():
            return False
        layout.write_json(folder / layout.DELETED, marker)
    return True


def take_out_of_bin(folder: Path) -> bool:
    """Take the mark of a deleted run away; answers whether there was one.

    Raises:
        OSError: that was not possible.
    """
    try:
        (folder / layout.DELETED).unlink()
    except FileNotFoundError:
        return False
    _platform.fsync_directory(folder)
    return True


def put_aside(root: Path, folder: Path) -> Path:
    """Move a folder of the store into its trash, which takes it from the lists at once and cannot be half done.

    Returns:
        Where it is now, to be removed.

    Raises:
        OSError: it could not be moved.
    """
    aside = trash(root) / secrets.token_hex(8)
    check_inside(root, folder.parent)
    os.rename(folder, aside)
    return aside


def trash(root: Path) -> Path:
    """The folder of what is being removed, made when it is missing.

    Raises:
        OSError: it cannot be made, or a link leads out of the storage root.
    """
    folder = check_inside(root, private_folder(root) / TRASH)
    folder.mkdir(exist_ok=True)
    return folder


def stir(folder: Path) -> None:
    """Let viewers, those of other machines too, notice a change of a run within a second: they look at the folder above it."""
    with suppress(OSError):  # the change itself is written; at worst they see it a minute later
        os.utime(folder.parent)


@contextmanager
def _lock(root: Path) -> Iterator[None]:
    """Hold what keeps two of us from overwriting each other's change of what people decide."""
    with _here, _platform.file_lock(private_folder(root) / "curation.lock"):
        yield


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's made-up user id has no name
        return "unknown"
