"""The far side of a remote viewer: `runicorn viewer --remote-mode`, started over SSH by a viewer of another machine.

It serves its loopback address to whoever shows the token, and lives as long as its session: the near side sends a
heartbeat every few seconds through the tunnel. Without one it ends by itself, so whatever happens to the near side or to
the connection, nothing stays behind. A heartbeat that comes again in time, over whatever connection, keeps it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.remote_protocol import BEAT, END, IMPLEMENTATION, SESSION_PATH, Order, Report, line, proof
from runicorn.settings.user import identity
from runicorn.store import layout
from runicorn_site.security.browser_sessions import BrowserSessions
from runicorn_site.security.guard import Policy, Receive, Scope, Send
from runicorn_site.security.request_rules import value_of
from runicorn_site.security.tokens import Tokens
from runicorn_site.server.serve import Options, Serving

TAKE_OVER_SECONDS = 5.0
PURPOSES = {"POST": BEAT, "DELETE": END}
FROM_AFAR = "Open it from the remote page of the viewer that started it"
logger = logging.getLogger(__name__)


class Session:
    """The session that this process serves: hears its heartbeats, and ends the process without them."""

    def __init__(self, order: Order, tokens: Tokens, root: Callable[[], str]) -> None:
        """Begin to wait for the first heartbeat.

        Args:
            order: what the near side asked for.
            tokens: which token it shows.
            root: tells the storage root that is shown now.
        """
        self.order = order
        self.tokens = tokens
        self.root = root
        self.port = 0
        self.heard = time.monotonic()
        self.ended = threading.Event()

    def around(self, app: Any) -> Any:
        """`app`, with heartbeats answered before it."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            purpose = PURPOSES.get(scope.get("method", ""))
            if scope["type"] == "http" and scope["path"] == SESSION_PATH and purpose is not None:
                shown = value_of(scope["headers"], b"authorization") or ""
                stamp = shown.removeprefix("Session ")
                if self.tokens.stamps.take(purpose, stamp):
                    await self._answer(purpose, stamp, send)
                    return
            await app(scope, receive, send)

        return application

    async def _answer(self, purpose: str, stamp: str, send: Send) -> None:
        self.heard = time.monotonic()
        body = line(replace(self.report(), proof=proof(self.order.token, stamp))).encode()
        headers = [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        if purpose == END:
            self.end("it was told to")

    def report(self) -> Report:
        """What the near side may know."""
        from runicorn._version import __version__

        return Report(IMPLEMENTATION, __version__, self.port, os.getpid(), self.root(), time.time())

    def begin(self, port: int, output: int) -> None:
        """Say that `port` is served, on the descriptor `output`, and begin to count."""
        self.port = port
        self.heard = time.monotonic()
        with suppress(OSError):  # nobody reads it any more: no heartbeat will come either
            os.write(output, line(self.report()).encode())
        os.close(output)
        threading.Thread(target=self._watch, name="session", daemon=True).start()

    def _watch(self) -> None:
        patience = self.order.patience
        while (left := self.heard + patience - time.monotonic()) > 0:
            if self.ended.wait(min(left, 1.0)):
                return
        self.end(f"nobody asked for it for {patience:g} seconds")

    def end(self, why: str) -> None:
        """Ask this process to end, as Ctrl-C does."""
        if not self.ended.is_set():
            self.ended.set()
            logger.info("The remote viewer ends: %s", why)
            os.kill(os.getpid(), signal.SIGTERM)


class RemoteServing(Serving):
    """A viewer process that serves one session."""

    def __init__(self, options: Options, order: Order) -> None:
        """Start, serve and stop; does not return."""
        self.order = order
        self.output = _own_output()
        signal.signal(
            signal.SIGHUP, signal.SIG_IGN
        )  # the end of the connection is not the end of the session
        super().__init__(options, signals=True)

    def listen(self) -> None:
        """Take the place of an earlier viewer of the session, then the port."""
        from django.conf import settings

        self.litter.append(take_over(Path(settings.STATE_DIR), self.order, self.root))
        super().listen()

    def admitted(self) -> Policy:
        """The session's token, whatever the surroundings say."""
        from django.conf import settings

        sessions = BrowserSessions(Path(settings.STATE_DIR))
        return Policy(tokens=Tokens(self.order.token, settings.TOKEN_COOKIE_NAME, sessions, FROM_AFAR))

    def application(self) -> Any:
        """The ASGI application with the session's heartbeat."""
        from runs.active_root import active_root

        assert self.policy.tokens is not None
        self.session = Session(self.order, self.policy.tokens, lambda: active_root().path)
        return self.session.around(super().application())

    def announce(self) -> None:
        """Report to the near side."""
        self.session.begin(self.port, self.output)


def _own_output() -> int:
    """A descriptor of what standard output was; what is printed from now on goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def take_over(directory: Path, order: Order, root: Path) -> Path:
    """End an earlier viewer of the same session and root, and leave word that this process serves them now.

    Args:
        directory: where words are left; on a disk of this machine.

    Returns:
        The file with the word, to be removed in the end.

    Raises:
        OSError: it could not be written.
    """
    folder = directory / "sessions"
    folder.mkdir(mode=0o700, exist_ok=True)
    for path in folder.glob("*.json"):  # left by processes that were killed
        if not _runs(layout.read_json(path)[0]):
            path.unlink(missing_ok=True)
    note = folder / (
        hashlib.sha256(json.dumps([order.session, str(root)]).encode()).hexdigest()[:32] + ".json"
    )
    _end(layout.read_json(note)[0])
    own = {"pid": os.getpid(), "process_start": _platform.process_start_time(os.getpid()), **identity()}
    layout.write_json(note, own, mode=0o600)
    return note


def _runs(note: dict[str, Any]) -> bool:
    pid, start = note.get("pid"), note.get("process_start")
    if not isinstance(pid, int) or not isinstance(start, float):
        return False
    same = all(note.get(key) == value for key, value in identity().items())
    return same and not _platform.process_gone(pid, start, str(note["boot_id"]))


def _end(note: dict[str, Any]) -> None:
    """End the process of a note, the hard way when it takes long."""
    deadline = time.monotonic() + TAKE_OVER_SECONDS
    number = signal.SIGTERM
    while _runs(note) and note["pid"] != os.getpid():
        with suppress(ProcessLookupError):
            os.kill(note["pid"], number)
        if time.monotonic() > deadline:
            number = getattr(signal, "SIGKILL", signal.SIGTERM)
        time.sleep(0.05)
