"""State of one run's upload: `.runicorn/upload/<id>.json` in the store, and a lock beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.containment import check_inside

FOLDER = ".runicorn/upload"
EARLIER_FOLDER = ".runicorn/shipping"
"""State of uploads in development versions before 1.0, with `shipped` instead of `uploaded`."""
PRIVATE = 0o600


class UploadState:
    """State of one run's upload; the uploading process holds the lock.

    Attributes:
        content: `url`, `sender` (by which a server recognises its own store), `queue` (folder of the sender process's
            queue), `uploaded` (state of sent files), `versions` (numbers on the server by local version), `uploads`
            (of versions, in progress), `done`, `problem` (why something was not sent), `denied` (it cannot
            be sent with this address, certificate or token), `answered` (the server has accepted something), `gone` (the run was removed on the server), `complete` (session of the queue in which all was
            sent that had been written before the end of the run; workers of the training may go on logging).
    """

    def __init__(self, root: Path, run_id: str) -> None:
        self.root = root
        self.run_id = run_id
        self.path = root / FOLDER / f"{run_id}.json"
        self.content: dict[str, Any] = {}
        self._version: tuple[int, int] | None = None

    def load(self) -> UploadState:
        """Read it, or that of an earlier version; {} if missing."""
        self._version = self._stored_version()
        self.content = layout.read_json(self.path)[0]
        if not self.content and not self.path.exists():
            self.content = layout.read_json(self.root / EARLIER_FOLDER / self.path.name)[0]
            self.content["uploaded"] = self.content.pop("shipped", {})
        for key in ("uploaded", "versions", "uploads"):
            if not isinstance(self.content.get(key), dict):
                self.content[key] = {}
        return self

    def begin(self, url: str, queue: str | None = None) -> UploadState:
        """Begin an upload to `url`; data sent to another server counts as not sent.

        Args:
            queue: folder of the queue; None keeps the current one.
        """
        check_inside(self.root, self.path.parent).mkdir(parents=True, exist_ok=True)
        self.load()
        if self.content.get("url") != url or self.content.get("gone"):
            self.content |= {"uploaded": {}, "versions": {}, "uploads": {}}
        sender = self.content.get("sender") or os.urandom(16).hex()
        if queue is not None:
            self.content["queue"] = queue
        self.content |= {"url": url, "sender": sender, "done": False, "problem": "", "gone": False}
        self.content |= {"complete": "", "denied": False, "answered": False}
        self.save()
        return self

    def note(self, problem: str, *, denied: bool = False) -> str:
        """Save why something is not sent, if it changed, and return it."""
        news = {"problem": problem, "denied": denied}
        if self.content.get("done") or any(self.content.get(key) != value for key, value in news.items()):
            self.content |= news
            self.save()
        return problem

    def note_complete(self, session: str) -> None:
        """Save in which session all was sent that had been written before the end of the run."""
        if self.content.get("complete") != session:
            self.content["complete"] = session
            self.save()

    def note_answer(self) -> None:
        """Save that the server has accepted something."""
        if not self.content.get("answered"):
            self.content["answered"] = True
            self.save()

    def save(self) -> None:
        layout.write_json(self.path, self.content, mode=PRIVATE)
        self._version = self._stored_version()

    def is_stale(self) -> bool:
        """Return whether another process has saved the state since it was read or saved here."""
        return self._version != self._stored_version()

    def _stored_version(self) -> tuple[int, int] | None:
        try:
            about = self.path.stat()
        except OSError:
            return None
        return about.st_ino, about.st_mtime_ns

    def lock(self, blocking: bool = True) -> Any:
        """Lock of the process that uploads the run.

        Raises:
            BlockingIOError: another process has it, and `blocking` is false.
        """
        return _platform.file_lock(self.path.with_suffix(".lock"), blocking=blocking)

    def request(self) -> Any:
        """Lock of a process that wants to upload the run instead: the sender process lets it in between two attempts.

        Raises:
            BlockingIOError: another process has it.
        """
        return _platform.file_lock(self._requested, blocking=False)

    @contextmanager
    def lock_after_requests(self) -> Iterator[None]:
        """Acquire the lock, and give precedence to processes that request it."""
        if self._requested.exists():
            with _platform.file_lock(self._requested):
                pass
        with self.lock():
            yield

    @property
    def _requested(self) -> Path:
        return self.path.with_suffix(".request.lock")
