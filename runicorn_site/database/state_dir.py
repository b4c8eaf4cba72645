"""Where the server keeps what is its own: the directory of the database and the secret key in it."""

from __future__ import annotations

import getpass
import hashlib
import logging
import os
import secrets
import shutil
import stat
from pathlib import Path

from runicorn import _platform
from runicorn.settings.user import data_directory

SECRET_FILE = "secret.key"
LOCAL_STATE = Path("/var/tmp")
IN_MEMORY = Path("/dev/shm")
ROOM_BYTES = 8 * 1024 * 1024
"""Free space below which a disk counts as full: a new database with its WAL takes a few MB."""
notices: list[str] = []
"""Sentences for the pages about how the database was prepared."""
logger = logging.getLogger(__name__)


class UnsafeDirectory(Exception):
    """The directory for the database belongs to somebody else or is a link."""


def state_directory() -> Path:
    """Where database, secret key and locks lie: the user's data directory, when that is a local disk.

    A WAL may not lie on a network file system, and some homes cannot be written; `/var/tmp` then stands in, which
    unlike `/tmp` outlives a restart of the machine. Where both are full the memory does.

    Raises:
        UnsafeDirectory: the place in `/var/tmp` is taken by another user.
        OSError: none of them can be written.
    """
    full = None
    try:
        directory = data_directory()
        if os.access(directory, os.W_OK) and not _platform.is_network_filesystem(directory):
            if has_room(directory):
                return private_directory(directory)
            full = directory
    except OSError as error:
        logger.warning("The data directory cannot be used: %s", error)
    base = LOCAL_STATE if full is None or has_room(LOCAL_STATE) else IN_MEMORY
    parent = private_directory(base / f"runicorn-{_user()}", follow_links=False)
    chosen = private_directory(parent / _platform.machine_id())
    if full is not None:
        notices.append(
            f"The disk of {full} is full. Until the next start the database is kept in {chosen};"
            " everything is read from the storage root again."
        )
    return chosen


def has_room(directory: Path) -> bool:
    """Return whether a database can be written on the disk of `directory`."""
    try:
        return shutil.disk_usage(directory).free >= ROOM_BYTES
    except OSError:
        return False


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()


def private_directory(path: Path, follow_links: bool = True) -> Path:
    """`path` as a directory of ours with mode 0700, made if it is not there.

    Args:
        follow_links: people link their data directory elsewhere; in a place where others may write, a link is
            a trap.

    Raises:
        UnsafeDirectory: another user owns it, or it is a link that is not followed.
        OSError: it cannot be made.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)  # a link to a folder counts as there
    found = path.stat(follow_symlinks=follow_links)
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        raise UnsafeDirectory(f"{path} is not a directory of this user")
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return path


def secret_key(directory: Path) -> str:
    """The installation's secret, made at the first start (mode 0600); two processes that start at once agree."""
    path = directory / SECRET_FILE
    if not path.exists():
        draft = directory / f"{SECRET_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
        keep_secret(draft, secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            logger.debug("Another process made the secret key first")
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def keep_secret(path: Path, text: str) -> None:
    """Write a file of mode 0600, in place of what was there.

    Raises:
        OSError: it cannot be written.
    """
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)


def mark(secret: str) -> str:
    """Eight hex digits for cookie names: browsers send cookies to every port of a host, another viewer's too."""
    return hashlib.sha256(f"cookie names:{secret}".encode()).hexdigest()[:8]
