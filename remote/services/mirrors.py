"""Mirrors of remote storage roots, each in a thread of its own.

Their state is in the memory of this process; downloaded files are kept, and the next mirror continues from there.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rest_framework import status

from remote.errors import RemoteError
from remote.ssh.client import printable
from remote.ssh.mirror import MirrorStopped, RemoteMirror
from remote.ssh.pool import pool
from runicorn.message import Message
from runicorn_tools.sync.manifest.model import folder_of
from runicorn_tools.sync.result import SyncResult

MOST = 32
CANCEL_SECONDS = 5.0
LONGEST_SHOWN = 500
"""Characters of a path or error message."""
State = Literal["running", "finished", "failed", "cancelled"]


class MirrorNotFound(RemoteError):
    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, mirror_id: str) -> None:
        super().__init__("Mirror not found: {mirror_id}", mirror_id=mirror_id)


@dataclass(eq=False)
class MirrorJob:
    """One sync of a remote storage root, while it runs and after it."""

    connection_id: str
    root: str
    """Remote storage root."""
    into: Path
    """Local storage root."""
    environment: str = ""
    """Remote environment that has this program."""
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    state: State = "running"
    done: int = 0
    total: int = 0
    """Files; 0 before discovery."""
    path: str = ""
    """The last file."""
    runs: set[str] = field(default_factory=set)
    """Folders of the runs that received files."""
    error: str = ""
    result: SyncResult | None = None
    """Result of `runicorn_tools.sync.mirror.mirror_store`."""
    started: float = field(default_factory=time.time)
    ended: float | None = None
    mirror: RemoteMirror | None = None
    over: threading.Event = field(default_factory=threading.Event)
    """Set when its thread has ended."""

    @property
    def received_bytes(self) -> int:
        return (
            self.result["bytes_downloaded"]
            if self.result
            else self.mirror.received_bytes
            if self.mirror
            else 0
        )

    def progress(self, done: int, total: int, path: str) -> None:
        self.done, self.total, self.path = done, total, printable(path, LONGEST_SHOWN)
        self.runs.add(folder_of(path))

    def run(self) -> None:
        assert self.mirror is not None
        try:
            result = self.mirror.run()
            # Remote file names may be in any encoding.
            problems = [printable(problem, LONGEST_SHOWN) for problem in result["problems"]]
            self.result = {**result, "problems": problems}
            self.done = result["files_synced"]  # with the files of projects
            self._end("finished")
        except MirrorStopped:
            self._end("cancelled")
        except RemoteError as error:
            self._end("failed", str(error.detail))
        except OSError as error:
            self._end(
                "failed",
                Message("The store could not be mirrored: {reason}.", reason=error.strerror or error),
            )
        finally:
            self._end("failed", Message("Internal error; the log of this viewer has the details."))
            self.over.set()

    def cancel(self) -> None:
        """Stop it; downloaded files are kept."""
        assert self.mirror is not None
        self._end("cancelled")
        self.mirror.stop()
        # A hanging host is released when its connection closes.
        self.over.wait(CANCEL_SECONDS)

    def _end(self, state: State, error: str = "") -> None:
        with _guard:
            if self.state == "running":
                self.state, self.error, self.ended = state, error, time.time()


_mirrors: dict[str, MirrorJob] = {}
_guard = threading.Lock()


def start(*, connection_id: str, root: str, into: Path, environment: str = "", python: str = "") -> MirrorJob:
    """Start a mirror, or return the running one of the same storage root.

    Args:
        root: the remote storage root.
        environment: name of the remote environment that has this program.
        python: its interpreter, which generates a manifest; "" for none.
    """
    connection = pool.get(connection_id)
    with _guard:
        for job in _mirrors.values():
            if job.state == "running" and (job.connection_id, job.root, job.into) == (
                connection.id,
                root,
                into,
            ):
                return job
        ended = [job.id for job in _mirrors.values() if job.state != "running"]
        for mirror_id in ended[: max(0, len(_mirrors) - MOST + 1)]:
            del _mirrors[mirror_id]
        mirror = MirrorJob(connection.id, root, into, environment)
        mirror.mirror = RemoteMirror(connection.link, root, into, python, mirror.progress)
        _mirrors[mirror.id] = mirror
    # Daemon: a hanging host must not delay the exit; files are written atomically.
    threading.Thread(target=mirror.run, name=f"mirror {mirror.id}", daemon=True).start()
    return mirror


def mirrors() -> list[MirrorJob]:
    with _guard:
        return list(_mirrors.values())[::-1]


def get_mirror(mirror_id: str) -> MirrorJob:
    job = _mirrors.get(mirror_id)
    if job is None:
        raise MirrorNotFound(mirror_id)
    return job


def cancel(*, mirror_id: str) -> MirrorJob:
    """Stop a mirror; one that has ended is left unchanged."""
    job = get_mirror(mirror_id)
    job.cancel()
    return job


def forget(*, mirror_id: str) -> None:
    """Remove a finished mirror from the list; downloaded files are kept."""
    with _guard:
        job = _mirrors.get(mirror_id)
        if job is None or job.state == "running":
            raise MirrorNotFound(mirror_id)
        del _mirrors[mirror_id]
