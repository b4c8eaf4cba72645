"""Folders of the user, and the file systems that folders are on."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from runicorn._platform.identity import MACOS, WINDOWS

_NETWORK = """
    9p afs beegfs ceph cifs fuse.ceph-fuse fuse.gcsfuse fuse.glusterfs fuse.juicefs fuse.rclone fuse.s3fs
    fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 orangefs panfs smb2 smb3 smbfs virtiofs wekafs
"""
NETWORK_TYPES = frozenset(_NETWORK.split())
MOUNTS = "/proc/self/mountinfo"


def home() -> Path:
    """Return the user's home directory.

    Raises:
        FileNotFoundError: the user has none (a container with an arbitrary user id).
    """
    path = os.path.expanduser("~")
    if not os.path.isabs(path):
        raise FileNotFoundError(errno.ENOENT, "this user has no home directory")
    return Path(path)


def config_home() -> Path:
    """Return the directory of Runicorn's user settings, the same as in Runicorn 0.5."""
    if WINDOWS:
        return Path(os.environ.get("APPDATA") or home() / "AppData" / "Roaming") / "Runicorn"
    if MACOS:
        return home() / "Library" / "Application Support" / "Runicorn"
    return _xdg("XDG_CONFIG_HOME", ".config") / "runicorn"


def data_home() -> Path:
    """Return the directory of derived data: databases, the list of running viewers."""
    if WINDOWS:
        return Path(os.environ.get("LOCALAPPDATA") or home() / "AppData" / "Local") / "Runicorn"
    if MACOS:
        return home() / "Library" / "Application Support" / "Runicorn"
    return _xdg("XDG_DATA_HOME", ".local/share") / "runicorn"


def _xdg(variable: str, below_home: str) -> Path:
    value = os.environ.get(variable, "")
    # The XDG specification says to ignore relative paths.
    return Path(value) if os.path.isabs(value) else home() / below_home


def is_network_filesystem(path: str | os.PathLike[str]) -> bool:
    """Return whether `path`, which need not exist, is on a network file system; False if unknown."""
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            mounts = [line.split() for line in file]
    except OSError:
        return False
    real = os.path.realpath(path)
    kind, longest = "", -1
    for fields in mounts:
        point = _unescape(fields[4])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        # Of two mounts on the same point the later one wins.
        if inside and len(point) >= longest:
            kind, longest = fields[fields.index("-") + 1], len(point)
    return kind in NETWORK_TYPES


def _unescape(mount_point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        mount_point = mount_point.replace(code, character)
    return mount_point
