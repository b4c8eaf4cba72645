"""The verbs of mirrors: a store of another machine brought into one here, each in a thread of its own.

What is known of a mirror lives in the memory of this process; what has come stays, and the next time goes on from there.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rest_framework import status

from remote.errors import Trouble
from remote.mirrors.mirror import Stopped, Visit
from remote.ssh.client import printable
from remote.ssh.pool import pool
from runicorn.sync.manifest.model import folder_of

MOST = 32
CANCEL_SECONDS = 5.0
LONGEST_SHOWN = 500
"""Characters of a path or sentence."""
State = Literal["running", "finished", "failed", "cancelled"]


class NoMirror(Trouble):
    """There is no mirror of that id."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, mirror_id: str) -> None:
        super().__init__(f"Mirror not found: {mirror_id}")


@dataclass(eq=False)
class Mirroring:
    """One visit to a store on another machine, while it goes on and after it."""

    connection_id: str
    root: str
    """The storage root there."""
    into: Path
    """The one here."""
    environment: str = ""
    """The one there that has our program."""
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    state: State = "running"
    done: int = 0
    total: int = 0
    """Files; 0 while it is not known yet."""
    path: str = ""
    """Of the last file."""
    runs: set[str] = field(default_factory=set)
    """Folders of the runs of which something came."""
    trouble: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    """As `runicorn.sync.mirror.mirror_store` answers."""
    started: float = field(default_factory=time.time)
    ended: float | None = None
    visit: Visit | None = None
    over: threading.Event = field(default_factory=threading.Event)
    """Set when nothing of it goes on any more."""

    @property
    def came(self) -> int:
        """Bytes that have come."""
        return int(self.result["bytes_downloaded"]) if self.result else self.visit.came if self.visit else 0

    def progress(self, done: int, total: int, path: str) -> None:
        """Note how far it is."""
        self.done, self.total, self.path = done, total, printable(path, LONGEST_SHOWN)
        self.runs.add(folder_of(path))

    def run(self) -> None:
        """Visit, and keep what came of it."""
        assert self.visit is not None
        try:
            result = self.visit.run()
            # Names over there may be in no encoding at all.
            problems = [printable(problem, LONGEST_SHOWN) for problem in result["problems"]]
            self.result = result | {"problems": problems}
            self._end("finished")
        except Stopped:
            self._end("cancelled")
        except Trouble as error:
            self._end("failed", str(error.detail))
        except OSError as error:
            self._end("failed", f"The store could not be mirrored: {error.strerror or error}.")
        finally:
            self._end("failed", "Internal error; the log of this viewer has the details.")
            self.over.set()

    def cancel(self) -> None:
        """Have it end; what has come stays."""
        assert self.visit is not None
        self._end("cancelled")
        self.visit.stop()
        # It may hang with its host: then it is over as soon as the connection is.
        self.over.wait(CANCEL_SECONDS)

    def _end(self, state: State, trouble: str = "") -> None:
        with _guard:
            if self.state == "running":
                self.state, self.trouble, self.ended = state, trouble, time.time()


_mirrors: dict[str, Mirroring] = {}
_guard = threading.Lock()


def start(*, connection_id: str, root: str, into: Path, environment: str = "", python: str = "") -> Mirroring:
    """Begin to mirror; the one that mirrors the same store already, if there is one.

    Args:
        connection_id: of the machine.
        root: the storage root there.
        into: the one here.
        environment: the name of the one there that has our program.
        python: its interpreter; none for no attempt to have a manifest made.

    Raises:
        NoConnection: there is no such connection.
    """
    held = pool.get(connection_id)
    with _guard:
        for one in _mirrors.values():
            if one.state == "running" and (one.connection_id, one.root, one.into) == (held.id, root, into):
                return one
        ended = [one.id for one in _mirrors.values() if one.state != "running"]
        for mirror_id in ended[: max(0, len(_mirrors) - MOST + 1)]:
            del _mirrors[mirror_id]
        made = Mirroring(held.id, root, into, environment)
        made.visit = Visit(held.link, root, into, python, made.progress)
        _mirrors[made.id] = made
    # The process may end while a host hangs: what has come is whole.
    threading.Thread(target=made.run, name=f"mirror {made.id}", daemon=True).start()
    return made


def mirrors() -> list[Mirroring]:
    """All of this process, the newest first."""
    with _guard:
        return list(_mirrors.values())[::-1]


def mirroring(mirror_id: str) -> Mirroring:
    """One of them.

    Raises:
        NoMirror: there is none of that id.
    """
    found = _mirrors.get(mirror_id)
    if found is None:
        raise NoMirror(mirror_id)
    return found


def cancel(*, mirror_id: str) -> Mirroring:
    """Have one end; one that has ended stays as it is.

    Raises:
        NoMirror: there is none of that id.
    """
    found = mirroring(mirror_id)
    found.cancel()
    return found


def forget(*, mirror_id: str) -> None:
    """Speak no more of one that has ended; what came stays.

    Raises:
        NoMirror: none that has ended is of that id.
    """
    with _guard:
        found = _mirrors.get(mirror_id)
        if found is None or found.state == "running":
            raise NoMirror(mirror_id)
        del _mirrors[mirror_id]
