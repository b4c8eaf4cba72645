"""Curation of runs in files: tags, description, pinned, archived, and the recycle bin.

The server and the command line write the same files, under the same lock.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypedDict, Union, cast

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.containment import OutsideStore, check_inside

PRIVATE = ".runicorn"
TRASH = "trash"
PARTS = "parts"
"""Folder, in the private folder, of files that are being received."""
FIELDS: dict[str, type] = {"tags": list, "description": str, "pinned": bool, "archived": bool}
LOOKS: dict[str, type] = {"display_name": str, "color": str, "project": str}
"""Fields that are in the file only once they were set."""
COLOR = re.compile(r"#[0-9a-f]{6}")
USER_DELETED = "user_deleted"
NOTE_LENGTH = 100_000
"""Most characters of a note."""
_here = threading.Lock()


def private_folder(root: Path) -> Path:
    """Return the private folder of a store, created if missing.

    Raises:
        OSError: it cannot be created, or is a link.
    """
    folder = check_inside(root, root / PRIVATE)
    folder.mkdir(exist_ok=True)
    if folder.is_symlink():
        raise OutsideStore(folder, "the folder is a link")
    return folder


class RunFields(TypedDict, total=False):
    """Fields to change, or a function of the current fields that returns them."""

    tags: list[str]
    description: str
    pinned: bool
    archived: bool
    display_name: str
    color: str
    project: str


Changes = Union[RunFields, Callable[[RunFields], RunFields]]
"""Fields to change, or a function of the current fields that returns them."""


def note(root: Path, folder: Path, current: Mapping[str, Any], changes: Changes) -> RunFields:
    """Change fields of a run's `curation.json`; return all fields.

    Args:
        current: values of `FIELDS` that are missing in the file.
        changes: the changes; tags as they are stored.
    """
    path = check_inside(root, folder) / layout.CURATION
    with _lock(root):
        # From the file: another process may have changed it since `current` was read.
        document, _ = layout.read_json(path)
        fields = {
            field: document[field] if isinstance(document.get(field), kind) else current[field]
            for field, kind in FIELDS.items()
        }
        fields |= {
            field: document[field] for field, kind in LOOKS.items() if isinstance(document.get(field), kind)
        }
        now = cast(RunFields, fields)
        now = {**now, **(changes(now) if callable(changes) else changes)}
        layout.write_json(
            path, {**document, **now, "by": _platform.user_name() or "unknown", "at": time.time()}
        )
    return now


def with_paragraph(text: str, paragraph: str) -> str:
    """Return a note with one more paragraph.

    Raises:
        ValueError: the note would be too long.
    """
    before = text.rstrip()
    after = f"{before}\n\n{paragraph}" if before else paragraph
    if len(after) > NOTE_LENGTH:
        raise ValueError(f"The note would have more than {NOTE_LENGTH:,} characters")
    return after


def set_owner(root: Path, folder: Path, owner: str) -> None:
    """Write the owner of a new run into its `curation.json`; a run that has one keeps it."""
    path = check_inside(root, folder) / layout.CURATION
    with _lock(root):
        document, _ = layout.read_json(path)
        if "owner" not in document:
            layout.write_json(path, {**document, "owner": owner})


def put_into_bin(root: Path, folder: Path, status: str, reason: str = USER_DELETED) -> bool:
    """Mark a run as deleted; return whether it was not before, which is true for one of several concurrent calls."""
    marker = {"deleted_at": time.time(), "reason": reason, "original_status": status}
    check_inside(root, folder)
    with _lock(root):
        if (folder / layout.DELETED).exists():
            return False
        layout.write_json(folder / layout.DELETED, marker)
    return True


def take_out_of_bin(folder: Path) -> bool:
    """Restore a run from the recycle bin; return whether it was in it."""
    try:
        (folder / layout.DELETED).unlink()
    except FileNotFoundError:
        return False
    _platform.fsync_directory(folder)
    return True


def put_aside(root: Path, folder: Path) -> Path:
    """Move a folder to the trash of the store, which removes it from lists atomically.

    Returns:
        Its new path, to be removed.
    """
    aside = trash(root) / secrets.token_hex(8)
    check_inside(root, folder.parent)
    os.rename(folder, aside)
    return aside


def trash(root: Path) -> Path:
    """Return the trash folder, created if missing.

    Raises:
        OSError: it cannot be created, or a link leads out of the storage root.
    """
    folder = check_inside(root, private_folder(root) / TRASH)
    folder.mkdir(exist_ok=True)
    return folder


def stir(folder: Path) -> None:
    """Touch the folder above a run: viewers watch it, also on other machines, and notice changes within a second."""
    with suppress(OSError):  # the change itself is written; at worst they see it a minute later
        os.utime(folder.parent)


@contextmanager
def _lock(root: Path) -> Iterator[None]:
    """Lock against concurrent changes of curation."""
    with _here, _platform.file_lock(private_folder(root) / "curation.lock"):
        yield
