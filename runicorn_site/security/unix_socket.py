"""Listen on a Unix socket that only its owner can connect to."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn_site.security.listening import BACKLOG, CannotListen

OWNER_ONLY = 0o600
OTHERS = 0o177
"""The umask under which a socket has that mode from its first moment, unlike with a later chmod."""


def listen_on(path: Path) -> socket.socket:
    """Return a listening Unix socket at `path` with mode 0600; a leftover of a viewer that is gone is replaced.

    Raises:
        CannotListen: the path is too long, cannot be written, is taken by another program, or is no socket.
    """
    _remove_leftover(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(OTHERS)
    try:
        listening.bind(str(path))
        listening.listen(BACKLOG)
    except (OSError, ValueError) as error:
        listening.close()
        raise CannotListen(f"Cannot listen on the socket {path}: {_reason(error)}") from error
    finally:
        os.umask(before)
    return listening


@dataclass(frozen=True)
class UnixEndpoint:
    """A Unix socket that listens already; Twisted's own endpoint would open it to every user (mode 0666)."""

    reactor: Any
    number: int

    def listen(self, factory: Any) -> Any:
        from twisted.internet import defer, unix

        os.set_blocking(self.number, False)  # Twisted accepts until the queue is empty
        port = unix.Port._fromListeningDescriptor(self.reactor, self.number, factory)
        port.mode = OWNER_ONLY
        port.startListening()
        return defer.succeed(port)


def name_of(path: Path) -> str:
    """Return a short name for a socket's path, for files that belong to its viewer."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _remove_leftover(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise CannotListen(f"{path} is no socket: it is left as it is")
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
            probe.connect(str(path))
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)
        return
    except OSError as error:
        raise CannotListen(f"Cannot listen on the socket {path}: {_reason(error)}") from error
    raise CannotListen(f"Another program listens on the socket {path}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
