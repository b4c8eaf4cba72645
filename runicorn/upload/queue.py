"""Queue of the runs that one sender process uploads: `.runicorn/upload/senders/<key>/` in the store.

There is one for each store, server and credentials (a sender process has the environment of the run that started it), and
for each user and PID namespace: a process that belongs to another
user cannot read every run, and one in another container cannot see whether a training is alive.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from runicorn import _platform
from runicorn.settings import user as settings
from runicorn.store import layout
from runicorn.store.containment import check_inside
from runicorn.store.process_identity import host_identity
from runicorn.upload.state import FOLDER, PRIVATE

SENDERS = f"{FOLDER}/senders"
ABOUT, RUNS, LOG = "server.json", "runs", "log.txt"
WAKE_LENGTH = 4096
START_SECONDS = 3.0
"""Maximum time that a process needs to start."""
CONNECTION_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class QueuedRun(NamedTuple):
    """A run in the queue.

    Attributes:
        folder: its folder, relative to the store.
        session: random; a resumed run has another one.
        image: identifies the program that the process executes; empty if unknown.
    """

    run_id: str
    folder: str
    session: str
    image: list[int]


class Queue:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder.parents[3]
        self.log = folder / LOG
        self._runs = folder / RUNS
        self._wake = folder / "wake"
        self._started = folder / "started"

    @classmethod
    def of(cls, root: Path, url: str) -> Queue:
        """Return the queue of this user and PID namespace for a server, created if missing."""
        user = str(os.getuid()) if hasattr(os, "getuid") else ""
        here = host_identity()
        parts = (url, *_credentials(), user, here["machine_id"], here["pid_namespace"])
        key = blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        queue = cls(root / SENDERS / key)
        check_inside(root, queue._runs).mkdir(parents=True, exist_ok=True)
        if not (queue.folder / ABOUT).exists():
            layout.write_json(queue.folder / ABOUT, {"url": url}, mode=PRIVATE)
        if hasattr(os, "mkfifo") and not queue._wake.exists():
            with suppress(OSError):  # some file systems have no FIFOs: then the process polls
                os.mkfifo(queue._wake, PRIVATE)
        return queue

    def add(self, run_id: str, run_dir: Path, image: list[int]) -> str:
        session = os.urandom(8).hex()
        entry = {"folder": run_dir.relative_to(self.root).as_posix(), "session": session, "image": image}
        with self._lock():
            layout.write_json(self._entry(run_id), entry, mode=PRIVATE)
        return session

    def session(self, run_id: str) -> str:
        """Return the session of a run in the queue; "" if it has left the queue."""
        return str(layout.read_json(self._entry(run_id))[0].get("session") or "")

    def entries(self) -> dict[str, QueuedRun]:
        entries = {}
        for name in os.listdir(self._runs):
            about = layout.read_json(self._runs / name)[0]
            folder, image = about.get("folder"), about.get("image")
            if not name.startswith(".") and isinstance(folder, str):
                run_id = name.removesuffix(".json")
                session = str(about.get("session"))
                entries[run_id] = QueuedRun(run_id, folder, session, image if isinstance(image, list) else [])
        return entries

    def remove(self, entry: QueuedRun) -> bool:
        """Remove a run from the queue; return False if it was resumed meanwhile."""
        with self._lock():
            if self.session(entry.run_id) not in ("", entry.session):
                return False
            self._entry(entry.run_id).unlink(missing_ok=True)
        return True

    def discard(self, run_id: str) -> None:
        """Remove a run that another queue has now."""
        with suppress(FileNotFoundError), self._lock():
            self._entry(run_id).unlink(missing_ok=True)

    def claim_start(self) -> bool:
        """Return whether to start a sender process: none is running, and none was started just now."""
        with self._lock():
            if self.is_served() or self.is_starting():
                return False
            self._started.touch()
            os.utime(self._started)
            return True

    def is_served(self) -> bool:
        """Return whether a sender process is running."""
        try:
            with self._serving():
                return False
        except BlockingIOError:
            return True

    def is_starting(self) -> bool:
        """Return whether its sender process was started just now."""
        try:
            return abs(time.time() - self._started.stat().st_mtime) < START_SECONDS
        except FileNotFoundError:
            return False

    @contextmanager
    def serving(self) -> Iterator[ExitStack]:
        """Lock the queue as its sender process; `leave_if_empty` releases it.

        Raises:
            BlockingIOError: another process is.
        """
        with ExitStack() as stack:
            with self._lock():
                stack.enter_context(self._serving())
                self._started.unlink(missing_ok=True)
            yield stack

    def leave_if_empty(self, serving: ExitStack) -> bool:
        """Stop being the sender process if the queue is empty: the next run starts another."""
        with self._lock():
            if self.entries():
                return False
            serving.close()
        return True

    def wake(self, run_id: str) -> None:
        with suppress(OSError):  # no sender process is running
            fd = os.open(self._wake, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
            try:
                os.write(fd, f"{run_id}\n".encode())
            finally:
                os.close(fd)

    def listen(self) -> int:
        """Return a descriptor that becomes readable at `wake`; -1 where FIFOs are not supported."""
        try:
            return os.open(self._wake, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, AttributeError):
            return -1

    def _entry(self, run_id: str) -> Path:
        return self._runs / f"{run_id}.json"

    def _lock(self) -> Any:
        return _platform.file_lock(self.folder / "queue.lock")

    def _serving(self) -> Any:
        return _platform.file_lock(self.folder / "process.lock", blocking=False)


def _credentials() -> list[str]:
    """Return the settings with which a server is reached: token, certificates, proxies."""
    values = [settings.get("RUNICORN_TOKEN").strip()]
    values += [os.environ.get(name, "") for name in CONNECTION_VARIABLES]
    # Both spellings are in use.
    values += [os.environ.get(name) or os.environ.get(name.upper(), "") for name in PROXY_VARIABLES]
    return values


def woken(fd: int) -> list[str]:
    try:
        return os.read(fd, WAKE_LENGTH).decode("ascii", "replace").split()
    except OSError as error:
        if error.errno != errno.EAGAIN:
            raise
        return []
