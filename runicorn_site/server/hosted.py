"""The application under another ASGI server than ours, such as uvicorn or granian.

The lifespan protocol tells when the server starts and stops: the storage root is opened and the background work runs in
between, as in `serve.py`. The options of `runicorn viewer` come from the environment; because the address of the server
is unknown, requests always need a token or a login.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from runicorn.settings import user as own
from runicorn_site.people.options import has_users
from runicorn_site.security.forwarding import path_prefix
from runicorn_site.security.guard import Policy, Receive, Scope, Send, head_of, refuse
from runicorn_site.security.request_rules import SAFE_METHODS
from runicorn_site.security.token_source import AUTO
from runicorn_site.server.serve import (
    REMOTE_SECONDS,
    STOP_SECONDS,
    Options,
    Serving,
    existing_root,
    reopen,
)
from runicorn_site.transport.body_limits import MAX_BODY, OF_ARCHIVES, too_large

Build = Callable[[Policy], Any]
logger = logging.getLogger(__name__)


class Hosted:
    """ASGI application that opens the storage root when its server starts."""

    def __init__(self, build: Build) -> None:
        """Prepare nothing yet; `build` makes the application with access rules."""
        self.build = build
        self.app: Any = None
        self.most_of_archives = MAX_BODY
        self.running = ExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self.app is None:  # of a server without the lifespan protocol: without a root it answers 503
            self.app = self.build(_serving().admission_policy())
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            receive = await self._limited(scope, receive, send)
        await self.app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await asyncio.to_thread(self.start)
                except Exception as error:  # whatever it is, the server has to be told
                    logger.exception("The server could not be started")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.to_thread(self.running.close)
                await send({"type": "lifespan.shutdown.complete"})
                return

    def start(self) -> None:
        """Make the database ready, open the storage root and begin the background work.

        Raises:
            MissingRoot: there is no storage root.
            BadToken: `RUNICORN_TOKEN` names a file without a valid token.
            BadForwarding: `RUNICORN_BASE_PATH` or `RUNICORN_TRUSTED_PROXY` is malformed.
            django.db.Error: the database cannot be used.
        """
        from runicorn.archives.limits import configured
        from runicorn_site.database import prepare as database
        from runicorn_site.people.database import prepare_accounts
        from runicorn_site.server.demo import demo
        from runs.active_root import activate

        serving, root = _serving(), existing_root(None)
        self.most_of_archives = configured().bytes
        self.app = self.build(serving.admission_policy())
        if serving.makes_token:
            logger.warning("The token of browsers and programs is in %s", serving.token_file)
        database.prepare()
        prepare_accounts()
        activate(root)
        database.watch(reopen)
        serving.load()
        with ExitStack() as running:  # stopped in reverse
            running.callback(serving.worker.stop, timeout=STOP_SECONDS)
            serving.worker.start()
            running.callback(serving.remote.stop, REMOTE_SECONDS)
            serving.remote.start()
            running.callback(demo.cancel)
            self.running = running.pop_all()
        logger.info("Runicorn shows %s", root)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> Receive:
        """Return a `receive` that answers 413 and ends the request once its body is too large."""
        head = head_of(scope)
        is_archive = head.method == "POST" and OF_ARCHIVES.fullmatch(_inner(head.path))
        most = max(MAX_BODY, self.most_of_archives) if is_archive else MAX_BODY
        length = head.header("content-length") or "0"
        left = most
        announced = int(length) if length.isdecimal() else 0

        async def counted() -> Mapping[str, Any]:
            nonlocal left
            message = {"type": "http.disconnect"} if left < 0 else await receive()
            left -= max(len(message.get("body", b"")), announced - most)
            if left < 0 and message["type"] == "http.request":
                await refuse(too_large(most), scope, send)
                return {"type": "http.disconnect"}
            return message

        return counted


def _inner(path: str) -> str:
    base = path_prefix(own.get("RUNICORN_BASE_PATH"))
    return path.removeprefix(base) if base else path


def _serving() -> Serving:
    """Return what a viewer on all addresses would be, with the options in the environment.

    Raises:
        BadForwarding: `RUNICORN_BASE_PATH` or `RUNICORN_TRUSTED_PROXY` is malformed.
    """
    token = "" if has_users() else own.get("RUNICORN_TOKEN") or AUTO
    serving = Serving(Options(host="0.0.0.0", token=token), signals=False)
    serving.bound, serving.port = serving.options.host, serving.options.port
    return serving
