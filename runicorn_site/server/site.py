"""The one ASGI layer between the server and the routes.

For each HTTP request in this order: the prefix of a proxy, probes, the count for `/metrics`, shared links, the record of
changes, admission, the security headers, and backpressure. WebSockets, which are few, pass the same steps one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from typing import Any

from people.access.actor import actor_of
from people.changes import KEY, ChangeRecord, change_of, record
from people.shares.links import SharedLinks
from runicorn_site.monitoring.probes import PATHS, Probes
from runicorn_site.monitoring.requests import METHODS, RequestCounts, request_counts
from runicorn_site.security.guard import (
    SHARED,
    Policy,
    Receive,
    Scope,
    Send,
    SocketGuard,
    admitted,
    response_headers,
)
from runicorn_site.security.request_rules import Head
from runicorn_site.transport.backpressure import Backpressure
from runicorn_site.transport.mount import headers_below, mount, send_below
from runicorn_site.transport.routing import route_at
from runs.live.backpressure import SocketFlow


class Site:
    """The ASGI application."""

    def __init__(
        self,
        requests: Any,
        sockets: Any,
        policy: Policy,
        problem: Callable[[], str],
        counts: RequestCounts = request_counts,
    ) -> None:
        """Initialize.

        Args:
            requests: application for admitted HTTP requests.
            sockets: application for admitted WebSockets.
            policy: who is admitted.
            problem: returns in a sentence why the server is not ready, or "".
            counts: for `/metrics`.

        Raises:
            BadEmbedding: `RUNICORN_EMBED_ORIGINS` is malformed.
        """
        self.requests = requests
        self.policy = policy
        self.counts = counts
        self.probes = Probes(problem)
        self.shared = SharedLinks(self._routes, policy)
        self.admitted_sockets = sockets
        self.guarded_sockets = SocketGuard(sockets, policy)
        self.sockets = SocketFlow(self._socket)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.sockets(scope, receive, send)  # type: ignore[arg-type]
            return
        head = mount(scope, self.policy.forwarding)
        reply, began = Reply(scope, head, send, self.policy), time.perf_counter()
        if scope["path"] in PATHS:
            await self.probes.answer(scope, reply)
            return
        try:
            if head.path.startswith(SHARED):
                await self.shared(scope, receive, reply)
                return
            if self.policy.people is not None:
                reply.expect_change()
            if await admitted(self.policy, scope, receive, reply):
                reply.is_admitted = True
                await self.requests(scope, receive, reply)
        finally:
            if reply.status:  # else the client left before an answer
                method = scope["method"] if scope["method"] in METHODS else "other"
                seconds = time.perf_counter() - began
                self.counts.add(method, route_at(scope["path"]), reply.status, seconds)

    async def _routes(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.admitted_sockets if scope["type"] == "websocket" else self.requests
        await app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = mount(scope, self.policy.forwarding)
        app = self.shared if head.path.startswith(SHARED) else self.guarded_sockets
        self.counts.sockets += 1
        try:
            await app(scope, receive, send_below(send, head, self.policy.forwarding))
        finally:
            self.counts.sockets -= 1


class Reply(Backpressure):
    """`send` of one request.

    Attributes:
        status: of the response, 0 before it has begun.
        is_admitted: whether the request has passed the guard, so that its response gets the security headers.
    """

    def __init__(self, scope: Scope, head: Head, send: Send, policy: Policy) -> None:
        super().__init__(send)
        self.scope = scope
        self.head = head
        self.policy = policy
        self.status = 0
        self.is_admitted = False
        self.change: ChangeRecord | None = None

    def expect_change(self) -> None:
        """Record the request when its response begins, if it may change something; refused ones too."""
        peer = self.scope.get("client")
        self.change = change_of(self.head, str(peer[0]) if peer else "")
        if self.change is not None:
            self.scope[KEY] = self.change

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] != "http.response.start":
            await self.send_part(message)
            return
        self.status = message["status"]
        headers = list(message.get("headers", ()))
        if self.is_admitted:
            headers = response_headers(headers, self.head, self.policy)
        if self.change is not None:
            record(self.change, actor_of(self.scope), self.status)
        headers = headers_below(headers, self.head, self.policy.forwarding)
        await self.send({**message, "headers": headers})
