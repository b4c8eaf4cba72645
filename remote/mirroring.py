"""The verbs of mirrors: a store of another machine brought into one here, each in a thread of its own.

What is known of a mirror lives in the memory of this process; what has come stays, and the next time goes on from there.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rest_framework import status
from rest_framework.exceptions import APIException

from remote.connections import Held, pool
from remote.mirror import mirror

MOST = 32
logger = logging.getLogger(__name__)


class NoMirror(APIException):
    """There is no mirror of that id."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, mirror_id: str) -> None:
        super().__init__(f"Mirror not found: {mirror_id}")


@dataclass
class Mirroring:
    """One visit to a store on another machine, while it goes on and after it."""

    connection_id: str
    root: str
    """The storage root there."""
    into: Path
    """The one here."""
    python: str = ""
    """The interpreter there that has our program; none for no attempt to have a manifest made."""
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    state: Literal["running", "finished", "failed"] = "running"
    done: int = 0
    total: int = 0
    """Files; 0 while it is not known yet."""
    path: str = ""
    """Of the last file."""
    trouble: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    """As `runicorn.manifest.visiting.visit` answers."""
    started: float = field(default_factory=time.time)

    def _progress(self, done: int, total: int, path: str) -> None:
        self.done, self.total, self.path = done, total, path

    def run(self, held: Held) -> None:
        """Visit, and keep what came of it."""
        try:
            self.result = mirror(held.link, self.root, self.into, self.python, self._progress)
            self.state = "finished"
        except APIException as error:
            self.trouble = str(error.detail)
        except OSError as error:
            self.trouble = f"The store could not be mirrored: {error.strerror or error}."
        finally:
            if self.state == "running":
                self.trouble = self.trouble or "Something went wrong; the log of this viewer says what."
                self.state = "failed"


_mirrors: dict[str, Mirroring] = {}
_guard = threading.Lock()


def start(*, connection_id: str, root: str, into: Path, python: str = "") -> Mirroring:
    """Begin to mirror; the one that mirrors the same store already, if there is one.

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
        made = Mirroring(held.id, root, into, python)
        _mirrors[made.id] = made
    # The process may end while a host hangs: what has come is whole.
    threading.Thread(target=made.run, args=[held], name=f"mirror {made.id}", daemon=True).start()
    return made


def mirroring(mirror_id: str) -> Mirroring:
    """One of them.

    Raises:
        NoMirror: there is none of that id.
    """
    found = _mirrors.get(mirror_id)
    if found is None:
        raise NoMirror(mirror_id)
    return found
