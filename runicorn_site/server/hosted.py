"""The application under other ASGI servers, such as uvicorn and granian.

The lifespan protocol tells when the server starts and stops: the storage root is opened and the background work runs in
between, as in `serve.py`. The options of `runicorn viewer` come from the environment; because the address of the server
is unknown, requests always need a token or a login.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from typing import Any

from runicorn.settings import user as own
from runicorn_site.people.options import has_users
from runicorn_site.security.forwarding import path_prefix
from runicorn_site.security.guard import Receive, Scope, Send, head_of, refuse
from runicorn_site.security.request_rules import SAFE_METHODS, Head
from runicorn_site.security.token_source import AUTO
from runicorn_site.server.options import Options
from runicorn_site.server.serve import (
    REMOTE_SECONDS,
    STOP_SECONDS,
    Serving,
    bind_pool,
    existing_root,
    reopen,
)
from runicorn_site.transport.body_limits import MAX_BODY, OF_ARCHIVES, too_large
from runs.live.backpressure import Message

logger = logging.getLogger(__name__)


class Hosted:
    """ASGI application that opens the storage root when its server starts."""

    def __init__(self) -> None:
        self.app: Any = None
        self.most_of_archives = MAX_BODY
        self.running = ExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self.app is None:  # of a server without the lifespan protocol: without a root it answers 503
            self.app = _application(_serving())
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        head, most = head_of(scope), self._most(head_of(scope))
        length = head.header("content-length") or ""
        if length.isdecimal() and int(length) > most:
            await refuse(too_large(most), scope, send)
        else:
            await self.app(scope, limited(scope, receive, send, most), send)

    def _most(self, head: Head) -> int:
        """Return the largest number of bytes of a request's body."""
        base = path_prefix(own.get("RUNICORN_BASE_PATH"))
        is_archive = head.method == "POST" and OF_ARCHIVES.fullmatch(head.path.removeprefix(base))
        return max(MAX_BODY, self.most_of_archives) if is_archive else MAX_BODY

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                has_started = False
                try:
                    await asyncio.to_thread(self.start)
                    has_started = True
                finally:
                    if not has_started:  # the server reports the exception
                        await send({"type": "lifespan.startup.failed", "message": "See the log"})
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.to_thread(self.running.close)
                await send({"type": "lifespan.shutdown.complete"})
                return

    def start(self) -> None:
        """Prepare the database, open the storage root and start the background work.

        Raises:
            BadToken: `RUNICORN_TOKEN` names a file without a valid token.
            BadForwarding: `RUNICORN_BASE_PATH` or `RUNICORN_TRUSTED_PROXY` is malformed.
            BadPool, PoolUnavailable: the bucket of `RUNICORN_ARTIFACT_POOL` cannot be used.
            django.db.Error: the database cannot be used.
        """
        from runicorn.archives.limits import configured
        from runicorn_site.database import prepare as database
        from runicorn_site.people.database import prepare_accounts
        from runicorn_site.server.demo import demo
        from runs.active_root import activate

        serving, root = _serving(), existing_root(None)
        self.most_of_archives = configured().bytes
        bind_pool(root, serving.options)
        self.app = _application(serving)
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


def limited(scope: Scope, receive: Receive, send: Send, most: int) -> Receive:
    """Wrap `receive` to answer 413 and to end the request once its body has more than `most` bytes."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = {**await receive()}
        size += len(message.get("body", b""))
        if size > most and message["type"] == "http.request":
            await refuse(too_large(most), scope, send)
            message = {"type": "http.disconnect"}
        return message

    return counted


def _serving() -> Serving:
    """Return what a viewer on all addresses would be, with the options in the environment."""
    token = "" if has_users() else own.get("RUNICORN_TOKEN") or AUTO
    serving = Serving(Options(host="0.0.0.0", token=token), signals=False)
    serving.bound, serving.port = serving.options.host, serving.options.port
    return serving


def _application(serving: Serving) -> Any:
    serving.policy = serving.admission_policy()
    return serving.application()
