"""The application with the ASGI lifespan protocol, for other servers such as uvicorn and granian.

The lifespan protocol tells when the server starts and stops: the storage root is opened and the background work runs in
between, as in `serve.py`. The options of `runicorn viewer` come from the environment; because the address of the server
is unknown, requests always need a token or a login.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import ExitStack
from typing import Any

from people.options import has_users
from runicorn.settings import user as own
from runicorn.settings.capabilities import disable
from runicorn_site.security.forwarding import Forwarding
from runicorn_site.security.guard import Receive, Scope, Send, head_of, refuse
from runicorn_site.security.token_source import AUTO
from runicorn_site.server.options import Options
from runicorn_site.server.serve import REMOTE_SECONDS, STOP_SECONDS, Serving, bind_pool, existing_root, reopen
from runicorn_site.transport.body_limits import MAX_BODY, most_bytes, too_large
from runs.live.backpressure import Message

logger = logging.getLogger(__name__)


class LifespanApplication:
    """ASGI application that opens the storage root when its server starts."""

    def __init__(self) -> None:
        self.app: Any = None
        self.forwarding = Forwarding()
        self.most_of_archives = MAX_BODY
        self.running = ExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self.app is None:  # of a server without the lifespan protocol: without a root it answers 503
            self.build(_serving())
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        head, _ = self.forwarding.apply(head_of(scope), str((scope.get("client") or [""])[0]))
        limit = most_bytes(head, self.most_of_archives)
        length = head.header("content-length") or ""
        if length.isdecimal() and int(length) > limit:
            await refuse(too_large(limit), scope, send)
        else:
            await self.app(scope, limited(scope, receive, send, limit), send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                has_started = False
                try:
                    await asyncio.to_thread(self.start)
                    has_started = True
                finally:
                    if not has_started:  # uvicorn logs nothing but this message
                        await send({"type": "lifespan.startup.failed", "message": str(sys.exc_info()[1])})
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.to_thread(self.running.close)
                await send({"type": "lifespan.shutdown.complete"})
                return

    def build(self, serving: Serving) -> None:
        """Prepare to answer requests."""
        disable(["root-change"])  # of several workers only one would switch
        serving.policy = serving.admission_policy()
        self.app, self.forwarding = serving.application(), serving.policy.forwarding

    def start(self) -> None:
        """Prepare the database, open the storage root and start the background work.

        Raises:
            BadToken: `RUNICORN_TOKEN` names a file without a valid token.
            BadForwarding: `RUNICORN_BASE_PATH` or `RUNICORN_TRUSTED_PROXY` is malformed.
            UnknownCapability: `RUNICORN_DISABLE` is malformed.
            BadPool, PoolUnavailable: the bucket of `RUNICORN_ARTIFACT_POOL` cannot be used.
            django.db.Error: the database cannot be used.
        """
        from runicorn_site.database import prepare as database
        from runicorn_site.database.durable import prepare_durable
        from runicorn_tools.archives.limits import configured
        from runs.active_root import activate

        serving, root = _serving(), existing_root(None)
        self.most_of_archives = configured().bytes
        bind_pool(root, serving.options)
        self.build(serving)
        if serving.makes_token:
            logger.warning("The token of browsers and programs is in %s", serving.token_file)
        database.prepare()
        prepare_durable()
        activate(root)
        database.watch(reopen)
        serving.load()
        with ExitStack() as running:  # stopped in reverse
            running.callback(serving.worker.stop, timeout=STOP_SECONDS)
            serving.worker.start()
            running.callback(serving.remote.stop, REMOTE_SECONDS)
            serving.remote.start()
            self.running = running.pop_all()
        logger.info("Runicorn shows %s", root)


def limited(scope: Scope, receive: Receive, send: Send, limit: int) -> Receive:
    """Wrap `receive` to answer 413 and to end the request once its body has more than `limit` bytes."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = {**await receive()}
        size += len(message.get("body", b""))
        if size > limit and message["type"] == "http.request":
            await refuse(too_large(limit), scope, send)
            message = {"type": "http.disconnect"}
        return message

    return counted


def _serving() -> Serving:
    """Return the settings of a viewer on all addresses, with the options in the environment."""
    token = "" if has_users() else own.get("RUNICORN_TOKEN") or AUTO
    serving = Serving(Options(host="0.0.0.0", token=token), signals=False)
    serving.bound, serving.port = serving.options.host, serving.options.port
    return serving
