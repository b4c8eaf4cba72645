"""State directory of the server: the database, the secret key and locks."""

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
from runicorn.settings.user import data_directory, get
from runicorn_site.database.url import is_postgresql

SECRET_FILE = "secret.key"
LOCAL_STATE = Path("/var/tmp")
IN_MEMORY = Path("/dev/shm")
ROOM_BYTES = 8 * 1024 * 1024
"""Free space below which a disk counts as full: a new database with its WAL takes a few MB."""
notices: list[str] = []
"""Messages for the pages about the preparation of the database."""
logger = logging.getLogger(__name__)


class UnsafeDirectory(Exception):
    """The directory for the database belongs to another user or is a link."""


def state_directory() -> Path:
    """Return the state directory: the user's data directory if it is on a local disk.

    A WAL does not work on a network file system, and some homes are read-only. The alternative is `/var/tmp`, which
    unlike `/tmp` survives a reboot, and if both disks are full `/dev/shm`. Servers on PostgreSQL keep no database in it,
    and may share it on a network file system.

    Raises:
        UnsafeDirectory: the place in `/var/tmp` is taken by another user.
        OSError: none of them can be written.
    """
    has_wal = not is_postgresql(get("RUNICORN_DATABASE_URL"))
    full = None
    try:
        directory = data_directory()
        if os.access(directory, os.W_OK) and not (has_wal and _platform.is_network_filesystem(directory)):
            if has_room(directory):
                return private_directory(directory)
            full = directory
    except OSError as error:
        logger.warning("The data directory cannot be used: %s", error)
    base = LOCAL_STATE if full is None or has_room(LOCAL_STATE) else IN_MEMORY
    parent = private_directory(base / f"runicorn-{_user()}", follow_links=False)
    fallback = private_directory(parent / _platform.machine_id())
    if full is not None:
        notices.append(
            f"The disk of {full} is full. Until the next start the database is kept in {fallback};"
            " everything is read from the storage root again."
        )
    return fallback


def has_room(directory: Path) -> bool:
    """Return whether a database can be written on the disk of `directory`."""
    try:
        return shutil.disk_usage(directory).free >= ROOM_BYTES
    except OSError:
        return False


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()


def private_directory(path: Path, follow_links: bool = True) -> Path:
    """Return `path` as a directory of this user with mode 0700, created if missing.

    Args:
        follow_links: users may link their data directory elsewhere; in a directory that others can write, a link
            is unsafe.

    Raises:
        UnsafeDirectory: another user owns it, or it is a link that is not followed.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)  # a link to a folder counts as there
    info = path.stat(follow_symlinks=follow_links)
    if not stat.S_ISDIR(info.st_mode) or (hasattr(os, "getuid") and info.st_uid != os.getuid()):
        raise UnsafeDirectory(f"{path} is not a directory of this user")
    if info.st_mode & 0o077:
        path.chmod(0o700)
    return path


def secret_key(directory: Path) -> str:
    """Return the secret of the installation, created at the first start (mode 0600) by one of several processes."""
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
    """Write a file of mode 0600, replacing an existing one."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)


def mark(secret: str) -> str:
    """Return a suffix for cookie names, because browsers send cookies to all ports of a host, also to other viewers."""
    return hashlib.sha256(f"cookie names:{secret}".encode()).hexdigest()[:8]
