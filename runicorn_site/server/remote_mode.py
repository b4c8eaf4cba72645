"""Remote viewer: `runicorn viewer --remote-mode`, started over SSH by the viewer on a user's machine.

It serves its loopback address to those who have the token, as long as heartbeats arrive: the local viewer sends one
through the tunnel every few seconds. Without heartbeats it exits, so that nothing stays behind when the local
viewer or the connection fails.
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
from typing import Any, NoReturn

from people import options as people_options
from runicorn.remote_protocol import (
    END,
    HEARTBEAT,
    IMPLEMENTATION,
    SESSION_PATH,
    LaunchRequest,
    StatusReport,
    line,
    proof,
)
from runicorn.store import layout
from runicorn.store.process_identity import ProcessRecord, is_alive, own_identity
from runicorn_site.security.browser_sessions import BrowserSessions
from runicorn_site.security.guard import Policy, Receive, Scope, Send
from runicorn_site.security.request_rules import value_of
from runicorn_site.security.tokens import Tokens
from runicorn_site.server.options import Options
from runicorn_site.server.serve import Serving

TAKE_OVER_SECONDS = 5.0
PURPOSES = {"POST": HEARTBEAT, "DELETE": END}
SIGN_IN_HINT = "Open it from the remote page of the viewer that started it"
logger = logging.getLogger(__name__)


class Session:
    """The session that this process serves: answers its heartbeats, and ends the process without them."""

    def __init__(self, request: LaunchRequest, tokens: Tokens, root: Callable[[], str]) -> None:
        """Wait for the first heartbeat.

        Args:
            root: returns the storage root that is shown now.
        """
        self.request = request
        self.tokens = tokens
        self.root = root
        self.port = 0
        self.last_heartbeat = time.monotonic()
        self.ended = threading.Event()

    def around(self, app: Any) -> Any:
        """Return `app`, with heartbeats answered before it."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            purpose = PURPOSES.get(scope.get("method", ""))
            if scope["type"] == "http" and scope["path"] == SESSION_PATH and purpose is not None:
                bearer = value_of(scope["headers"], b"authorization") or ""
                stamp = bearer.removeprefix("Session ")
                if self.tokens.stamps.redeem(purpose, stamp):
                    await self._answer(purpose, stamp, send)
                    return
            await app(scope, receive, send)

        return application

    async def _answer(self, purpose: str, stamp: str, send: Send) -> None:
        self.last_heartbeat = time.monotonic()
        body = line(replace(self.report(), proof=proof(self.request.token, stamp))).encode()
        headers = [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        if purpose == END:
            self.end("stopped by the local viewer")

    def report(self) -> StatusReport:
        from runicorn._version import __version__

        return StatusReport(IMPLEMENTATION, __version__, self.port, os.getpid(), self.root(), time.time())

    def begin(self, port: int, output: int) -> None:
        """StatusReport on the descriptor `output` that `port` is served, and start to expect heartbeats."""
        self.port = port
        self.last_heartbeat = time.monotonic()
        with suppress(OSError):  # the local viewer is gone: no heartbeat will come either
            os.write(output, line(self.report()).encode())
        os.close(output)
        threading.Thread(target=self._watch, name="session", daemon=True).start()

    def _watch(self) -> None:
        patience = self.request.patience
        while (remaining := self.last_heartbeat + patience - time.monotonic()) > 0:
            if self.ended.wait(min(remaining, 1.0)):
                return
        self.end(f"no heartbeat for {patience:g} seconds")

    def end(self, reason: str) -> None:
        """Shut down this process, as Ctrl-C does."""
        if not self.ended.is_set():
            self.ended.set()
            logger.info("The remote viewer ends: %s", reason)
            os.kill(os.getpid(), signal.SIGTERM)


class RemoteServing(Serving):
    """A viewer process that serves one session."""

    def __init__(self, options: Options, request: LaunchRequest) -> None:
        super().__init__(options)
        os.environ[people_options.SETTING] = "no"  # `listen` reads the settings
        self.request = request

    def run(self) -> NoReturn:
        """Keep standard output for the status report, and serve until the session ends."""
        self.output = _own_output()
        # The session outlives the connection that started it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        super().run()

    def listen(self) -> None:
        """End an earlier viewer of the session, then listen."""
        from django.conf import settings

        self.runtime_files.append(take_over(Path(settings.STATE_DIR), self.request, self.root))
        super().listen()

    def has_users(self) -> bool:
        """Return False: the session's token is enough."""
        return False

    def admission_policy(self) -> Policy:
        """Return a policy with the session's token, whatever settings and environment say."""
        from django.conf import settings

        sessions = BrowserSessions(Path(settings.STATE_DIR))
        return Policy(tokens=Tokens(self.request.token, settings.TOKEN_COOKIE_NAME, sessions, SIGN_IN_HINT))

    def served(self) -> Any:
        """Return the ASGI application behind the session's heartbeats, which do not wait for the site."""
        from runs.active_root import active_root

        assert self.policy.tokens is not None
        self.session = Session(self.request, self.policy.tokens, lambda: active_root().path)
        return self.session.around(super().served())

    def announce(self) -> None:
        """StatusReport to the local viewer."""
        self.session.begin(self.port, self.output)


def _own_output() -> int:
    """Return a descriptor of standard output, and redirect what is printed to standard error."""
    sys.stdout.flush()
    own_output = os.dup(1)
    os.dup2(2, 1)
    return own_output


def take_over(directory: Path, request: LaunchRequest, root: Path) -> Path:
    """End an earlier viewer of the same session and root, and record that this process serves them now.

    Args:
        directory: folder of the records, on a local disk.

    Returns:
        The record, to be removed at exit.
    """
    folder = directory / "sessions"
    folder.mkdir(mode=0o700, exist_ok=True)
    for path in folder.glob("*.json"):  # left by processes that were killed
        if not _runs(layout.read_json(path)[0]):
            path.unlink(missing_ok=True)
    record = folder / (
        hashlib.sha256(json.dumps([request.session, str(root)]).encode()).hexdigest()[:32] + ".json"
    )
    _end(layout.read_json(record)[0])
    layout.write_json(record, own_identity(), mode=0o600)
    return record


def _runs(record: dict[str, Any]) -> bool:
    process = ProcessRecord.from_dict(record)
    # It may be killed: a pid without its start time could belong to another process by now.
    return process.process_start is not None and is_alive(process)


def _end(record: dict[str, Any]) -> None:
    """End the process of a record, with SIGKILL after `TAKE_OVER_SECONDS`."""
    deadline = time.monotonic() + TAKE_OVER_SECONDS
    number = signal.SIGTERM
    while _runs(record) and record["pid"] != os.getpid():
        with suppress(ProcessLookupError):
            os.kill(record["pid"], number)
        if time.monotonic() > deadline:
            number = getattr(signal, "SIGKILL", signal.SIGTERM)
        time.sleep(0.05)


def serve_remote(options: Options, request: LaunchRequest) -> None:
    """Serve one session of another viewer; the process ends in here.

    Raises:
        As `serve`.
    """
    RemoteServing(options, request).run()
