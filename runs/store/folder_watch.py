"""Watch of many folders of a store: which of them changed since the last question.

The kernel reports the changes of this machine only, so a store on a network file system cannot be watched. A folder is
read after it was added, so that all later changes are reported.
"""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from runicorn import _platform
from runs.store import inotify

MOST_FOLDERS = 20_000
"""Watched folders at most: each takes about a kilobyte of the kernel's memory."""
SHARE = 2
"""Half of the user's watches are left to other programs."""
PAUSE_SECONDS = 0.1
"""Pause between two readings of the kernel's queue: a burst of events costs a few of them."""
OWN = inotify.SELF_DELETED | inotify.SELF_MOVED | inotify.IGNORED | inotify.UNMOUNTED


class CannotWatch(Exception):
    """Changes in a folder are not told by the kernel, or too many folders are watched."""


@dataclass(slots=True)
class Changes:
    """Changed files by watched folder.

    Attributes:
        names: changed names in each folder.
        gone: folders that were deleted or moved, and are no longer watched under this path.
        lost: events were lost, so that anything may have changed.
    """

    names: dict[str, set[str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    lost: bool = False

    def __bool__(self) -> bool:
        return bool(self.names or self.gone or self.lost)


class FolderWatch:
    """Watched folders below one folder, and a thread that calls `ring` soon after a change."""

    def __init__(self, root: str, ring: Callable[[], object], relevant: Callable[[str, str], bool]) -> None:
        """Start to watch; no folder is watched yet.

        Args:
            root: absolute path; those of other methods are relative to it.
            ring: called by a thread of the watch, not before `PAUSE_SECONDS` after the last call.
            relevant: whether a change counts, by the watched folder and the name in it ("" for the folder itself).

        Raises:
            CannotWatch: the store is on a network file system, or this system has no inotify.
        """
        if _platform.is_network_filesystem(root):
            raise CannotWatch("it is on a network file system, whose other machines tell no changes")
        try:
            self._inotify = inotify.Inotify()
        except OSError as error:
            raise CannotWatch(error.strerror or str(error)) from error
        self.root, self._ring, self._relevant = root, ring, relevant
        self.is_complete = True
        """Whether every folder that was to be watched is."""
        self._identity = identity(root)
        self._paths: dict[int, str] = {}
        self._changes = Changes()
        self._lock = threading.Lock()
        self._most = min(MOST_FOLDERS, inotify.watch_limit() // SHARE)
        self._end = threading.Event()
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._run, name="folder-watch", daemon=True)
        self._thread.start()

    def add(self, folder: str) -> bool:
        """Watch a folder; return False if that is impossible now. Read it afterwards."""
        with self._lock:
            if self._end.is_set():
                return False
            if len(self._paths) >= self._most:
                self.is_complete = False
                return False
            try:
                number = self._inotify.add(f"{self.root}/{folder}" if folder else self.root)
            except OSError as error:
                # A missing folder or one of another user is found by the folder above, which is watched.
                if error.errno in (errno.ENOSPC, errno.ENOMEM):
                    self.is_complete = False
                return False
            self._paths[number] = folder
            return True

    def collect(self) -> Changes:
        """Return what changed before this call and was not returned yet."""
        with self._lock:
            self._read()
            changes, self._changes = self._changes, Changes(lost=self._end.is_set())
        return changes

    def has_changes(self) -> bool:
        """Return whether `collect()` has something to return."""
        with self._lock:
            self._read()
            return bool(self._changes)

    def check_root(self) -> None:
        """Report everything as changed if another folder is at the path of the root: the kernel tells no such change."""
        if self._identity != (current := identity(self.root)):
            with self._lock:
                self._identity, self._changes.lost = current, True
            self._ring()

    def close(self) -> None:
        """Stop to watch; `collect()` then says that changes are lost."""
        self._end.set()
        os.write(self._woken, b"\0")
        self._thread.join()
        with self._lock:  # a number of a closed descriptor may be that of another file soon
            self._changes.lost = True
            for fd in (self._wake, self._woken):
                os.close(fd)
            self._inotify.close()

    def __len__(self) -> int:
        return len(self._paths)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._inotify.fd, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while not self._end.is_set():
            poll.poll()
            if self.has_changes():
                self._ring()
            self._end.wait(PAUSE_SECONDS)

    def _read(self) -> None:
        if self._end.is_set():
            return
        names, changes = self._changes.names, self._changes
        for event in self._inotify.read():
            if event.mask & inotify.OVERFLOW:
                changes.lost = True
                continue
            folder = self._paths.get(event.watch)
            if folder is None:
                continue
            if event.mask & OWN:
                changes.gone.add(folder)
                if event.mask & (inotify.IGNORED | inotify.UNMOUNTED):
                    self._paths.pop(event.watch, None)
            elif self._relevant(folder, event.name):
                names.setdefault(folder, set()).add(event.name)


def identity(path: str) -> tuple[int, int] | None:
    """Return device and inode of a folder; None if it is missing."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_dev, about.st_ino
