"""Differences between operating systems: processes, machines, file systems, locks. Written and tested on Linux."""

from __future__ import annotations

import errno
import os
import stat
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

WINDOWS = sys.platform == "win32"
MACOS = sys.platform == "darwin"

_NETWORK = """
    9p afs beegfs ceph cifs fuse.ceph-fuse fuse.gcsfuse fuse.glusterfs fuse.juicefs fuse.rclone fuse.s3fs
    fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 orangefs panfs smb2 smb3 smbfs virtiofs wekafs
"""
NETWORK_TYPES = frozenset(_NETWORK.split())
MOUNTS = "/proc/self/mountinfo"
NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
OPEN_OTHERWISE = 1024
_BINARY: int = getattr(os, "O_BINARY", 0)
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)


# Identity of processes and machines


def machine_id() -> str:
    """Return a stable id of this machine: a digest, because the system's own id is confidential."""
    import hashlib

    return hashlib.sha256(b"runicorn " + _raw_machine_id().encode()).hexdigest()[:32]


def _raw_machine_id() -> str:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        if text := _first_line(path):
            return text
    if WINDOWS and (guid := _windows_machine_guid()):
        return guid
    return host_name()  # containers often have no id of their own; their host name is one


def _windows_machine_guid() -> str:
    import importlib

    winreg: Any = importlib.import_module("winreg")
    with (
        suppress(OSError),
        winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key,
    ):
        return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    return ""


def host_name() -> str:
    import socket

    return socket.gethostname()


def user_name() -> str:
    """Return the name of the user of this machine, or "" for a number without an account, as in containers."""
    with suppress(KeyError, OSError):
        import getpass  # rarely needed

        return getpass.getuser()
    return ""


def system_name() -> str:
    """Return the operating system in the form `Linux 6.1.0 (x86_64)`."""
    if WINDOWS:
        import platform

        return f"{platform.system()} {platform.release()} ({platform.machine()})"
    name = os.uname()
    return f"{name.sysname} {name.release} ({name.machine})"


def boot_id() -> str:
    """Return an id that changes with every boot; "" if unknown."""
    return _first_line("/proc/sys/kernel/random/boot_id")


def pid_namespace() -> str:
    """Return the PID namespace of this process (containers have their own); "" if unknown."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def process_start_time(pid: int) -> float | None:
    """Return when a process started: clock ticks since boot on Linux (immune to clock changes), else Unix seconds.

    None if the process does not exist, or the time is unknown.
    """
    if sys.platform == "linux":
        fields = _proc_stat(pid)
        return float(fields[19]) if fields else None
    return _psutil_start_time(pid)


def process_gone(pid: int, start: float | None, boot: str) -> bool:
    """Return whether the process with this pid, start time and boot id has ended.

    A reused pid counts as gone, and so does a zombie. Unknown values (`start` None, `boot` "") are not compared.
    """
    is_rebooted = boot and boot_id() not in ("", boot)
    if is_rebooted or not _pid_exists(pid):
        return True
    if sys.platform == "linux" and (fields := _proc_stat(pid)) and fields[0] in "ZX":
        return True
    now = process_start_time(pid)
    return start is not None and now is not None and abs(now - start) > 0.5


def _proc_stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the state on; the command may contain spaces and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _pid_exists(pid: int) -> bool:
    if pid <= 0:
        return False
    if WINDOWS:  # os.kill(pid, 0) would end the process there
        return _psutil_start_time(pid) is not None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _psutil_start_time(pid: int) -> float | None:
    try:
        import psutil
    except ImportError:
        return None
    try:
        return float(psutil.Process(pid).create_time())
    except (psutil.Error, OverflowError):
        return None


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


class Forkable(Protocol):
    """Object with state to reset in a forked child."""

    def after_fork(self) -> None:
        """Reset the state; called in the child before anything else runs there."""


_forkable: weakref.WeakSet[Forkable] = weakref.WeakSet()


def watch_forks(instance: Forkable) -> None:
    """Call `instance.after_fork()` in every forked child for as long as the instance exists."""
    _forkable.add(instance)


def _forked() -> None:
    for instance in list(_forkable):
        instance.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


# Folders


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


# Files


def open_append(path: Path) -> int:
    """Open a file for appending without following links, creating it if missing; return its descriptor."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY | _NOFOLLOW | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o666)


def read_at(fd: int, size: int, offset: int) -> bytes:
    """Read up to `size` bytes at `offset`; fewer only at the end of the file."""
    if WINDOWS:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, size)
    return os.pread(fd, size, offset)


def open_regular(path: Path | str, *, follow_links: bool) -> int:
    """Open a regular file for reading and return its descriptor. Never blocks on a pipe.

    Raises:
        OSError: it is missing, unreadable, not a regular file, or a symbolic link (unless `follow_links`).
    """
    fd = os.open(path, os.O_RDONLY | _BINARY | _NONBLOCK | (0 if follow_links else _NOFOLLOW))
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "not a regular file")
    return fd


def read_regular(path: Path | str, size: int, *, follow_links: bool) -> bytes:
    """Read up to `size` bytes from the beginning of a regular file."""
    fd = open_regular(path, follow_links=follow_links)
    try:
        # Not more than the file's size: allocating a buffer of the limit costs more than reading a small file.
        return os.read(fd, min(size, os.fstat(fd).st_size + 1))
    finally:
        os.close(fd)


def replace_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file atomically and durably: write a temporary file, sync, rename, sync the folder.

    Raises:
        OSError: the file is unchanged, and no temporary file is left.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
    fsync_directory(path.parent)


def overwrite_file(path: Path, content: bytes) -> None:
    """Overwrite a file in place; a reader may briefly see a mix of old and new content.

    Raises:
        OSError: it is missing, or the disk is full.
    """
    fd = os.open(path, os.O_WRONLY | _BINARY | _NOFOLLOW)
    try:
        if os.write(fd, content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.ftruncate(fd, len(content))
        os.fsync(fd)
    finally:
        os.close(fd)


def fsync_directory(path: Path) -> None:
    """Make a rename in `path` durable, if the file system supports it."""
    if WINDOWS:
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(fd)


@contextmanager
def file_lock(
    path: str | os.PathLike[str], blocking: bool = True, shared: bool = False, mode: int = 0o600
) -> Iterator[None]:
    """Acquire an exclusive or shared lock on a lock file, which is kept. A process that ends releases its locks.

    Args:
        path: the lock file, created if missing. Links are not followed.
        blocking: wait until the lock is free.
        shared: allow other shared holders (exclusive where shared locks are not supported).
        mode: permissions of a new file, before the umask.

    Raises:
        BlockingIOError: it is locked, and `blocking` is false.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW | getattr(os, "O_CLOEXEC", 0), mode)
    try:
        lock(fd, blocking, shared)
        yield
    finally:
        if not WINDOWS:
            # Closing is not enough if another thread forked meanwhile: the child has the descriptor too.
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def lock(fd: int, blocking: bool, shared: bool) -> None:
    """Lock an open file until it is closed."""
    if WINDOWS:
        import importlib

        msvcrt: Any = importlib.import_module("msvcrt")
        try:
            msvcrt.locking(fd, msvcrt.LK_LOCK if blocking else msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(errno.EAGAIN, "the lock is held by another process") from error
        return
    import fcntl

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    fcntl.flock(fd, kind | (0 if blocking else fcntl.LOCK_NB))


def allow_open_files(count: int) -> None:
    """Raise the soft limit of open files by `count`, up to the hard limit, if there is one."""
    if WINDOWS:
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + OPEN_OTHERWISE
    if resource.RLIM_INFINITY != soft < needed:
        within = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, within), hard))
