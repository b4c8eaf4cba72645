"""Where the server keeps what is its own: the directory of the database and the secret key in it."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from pathlib import Path

SECRET_FILE = "secret.key"


class UnsafeDirectory(Exception):
    """The directory for the database belongs to somebody else or is a link."""


def private_directory(path: Path) -> Path:
    """`path` as a directory of ours with mode 0700, made if it is not there.

    Raises:
        UnsafeDirectory: another user owns it, or it is a symbolic link.
        OSError: it cannot be made.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise UnsafeDirectory(f"{path} is not a directory of this user")
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return path


def secret_key(directory: Path) -> str:
    """The installation's secret, made at the first start (mode 0600); two processes starting at once agree."""
    path = directory / SECRET_FILE
    if not path.exists():
        draft = directory / f"{SECRET_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was quicker: its key is the one
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def mark(secret: str, purpose: str) -> str:
    """Eight hex digits that tell this installation's cookies from another's on another port of the same host."""
    return hashlib.sha256(f"{purpose}:{secret}".encode()).hexdigest()[:8]
