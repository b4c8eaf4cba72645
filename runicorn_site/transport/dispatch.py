"""ASGI handler that runs middleware and view on one thread of a small pool.

Django's handler creates a thread, an executor and a database connection for each request, and leaks a thread for each
client that disconnects early, which in the end keeps the server from exiting. Here a request occupies one slot of a
pool for its synchronous part, and releases it before the first byte of a streamed response.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from contextvars import copy_context
from typing import Any, cast

from django.conf import settings
from django.core import signals
from django.core.exceptions import MiddlewareNotUsed, RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.exception import convert_exception_to_response
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, set_script_prefix
from django.utils.module_loading import import_string

from runicorn_site.errors import describe
from runicorn_site.security.guard import SPOOLED, Receive, Scope, Send, prefix_of
from runicorn_site.security.headers import is_api, is_for_browser
from runicorn_site.transport.routing import resolved, route_of
from runicorn_site.transport.streams import finish, in_a_thread
from runicorn_site.web.pools import Pool

THREADS: dict[Pool, int] = {"quick": 4, "blocking": 32, "remote": 64}
WITHOUT_CONTENT = {204, 304}
Shortcut = Callable[[Scope, Send], Awaitable[bool]]
"""Answers a request within the event loop, or returns False."""
logger = logging.getLogger(__name__)


class Chain(ASGIHandler):
    """Django's handler with a list of middleware of its own, for synchronous use."""

    def __init__(self, middleware: Sequence[str]) -> None:
        self.middleware = middleware
        super().__init__()

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the chain as Django does from `settings.MIDDLEWARE`."""
        hooks: dict[str, list[Any]] = {"view": [], "template_response": [], "exception": []}
        handler = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]  # private
        for path in reversed(self.middleware):
            try:
                layer = import_string(path)(handler)
            except MiddlewareNotUsed:
                continue
            for name, functions in hooks.items():
                if (function := getattr(layer, f"process_{name}", None)) is not None:
                    functions.append(function)
            handler = convert_exception_to_response(layer)
        self._view_middleware = hooks["view"][::-1]
        self._template_response_middleware = hooks["template_response"]
        self._exception_middleware = hooks["exception"]
        self._middleware_chain = handler

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """Return the view of a request; each path is resolved once."""
        match = resolved(request.path_info).match
        if match is None:
            return super().resolve_request(request)  # raises its error
        request.resolver_match = match
        return match


class OneHop:
    """The ASGI application for HTTP.

    Views decorated with `@blocking` (a disk, a program, a big copy) and `@remote_io` (a remote host) run on pools of
    their own: any number of them never delays an ordinary response, and hosts that hang never delay the pages about them.
    Requests of programs to /api pass the few middlewares that they need.
    """

    def __init__(self, fast_path: Shortcut | None = None, health: Shortcut | None = None) -> None:
        """Initialize; `fast_path` may answer requests of conditional routes, `health` that of its own route."""
        self.pages = Chain(settings.MIDDLEWARE)
        self.api = Chain(settings.API_MIDDLEWARE)
        self.fast_path = fast_path
        self.health = health
        self.pools: dict[Pool, ThreadPoolExecutor] = {
            pool: ThreadPoolExecutor(threads, thread_name_prefix=pool) for pool, threads in THREADS.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.health is not None and await self.health(scope, send):
            return
        route = route_of(scope["path"])
        if self.fast_path is not None and route.looks and await self.fast_path(scope, send):
            return
        try:
            body = await self.body_of(scope, receive)
        except RequestAborted:
            return
        pool = self.pools[route.pool]
        try:
            response = await asyncio.get_running_loop().run_in_executor(
                pool, copy_context().run, self.answer, scope, body
            )
        finally:
            body.close()
        if not isinstance(response, StreamingHttpResponse):
            await send_whole(cast(HttpResponse, response), send)
        elif scope["method"] == "HEAD":  # the content is not produced
            await asyncio.get_running_loop().run_in_executor(
                self.pools["quick"],
                finish,
                response._resource_closers,  # type: ignore[attr-defined]  # private
            )
            await send_head(response, send)
            await send({"type": "http.response.body"})
        else:
            await self.send_parts(response, receive, send)

    async def body_of(self, scope: Scope, receive: Receive) -> Any:
        """Return the body as a file: the spooled one, or a copy of what is received."""
        spooled = scope.pop(SPOOLED, None)
        if spooled is None:
            return await self.pages.read_body(receive)
        await receive()  # that it is complete
        return spooled

    def answer(self, scope: Scope, body: Any) -> HttpResponseBase:
        """The synchronous part, on a thread of the pool."""
        if prefix := prefix_of(scope):
            scope = {**scope, "root_path": prefix, "path": prefix + scope["path"]}
        set_script_prefix(f"{prefix}/")
        chain = self.api if is_api(scope["path"]) and not is_for_browser(scope["headers"]) else self.pages
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = chain.create_request(scope, body)
        response = refused or chain.get_response(cast(ASGIRequest, request))
        if not response.streaming:
            response.close()
            release(response)
        return response

    async def send_parts(self, response: StreamingHttpResponse, receive: Receive, send: Send) -> None:
        """Send a streamed answer until its end, or until the client leaves."""
        sending = asyncio.ensure_future(self.stream(response, send))
        leaving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not sending.done():
                sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    async def stream(self, response: StreamingHttpResponse, send: Send) -> None:
        """Send a streamed response, or an error if its first part cannot be produced."""
        async with aclosing(parts(response)) as content:
            try:
                first = await anext(content, b"")
            except DatabaseError as error:
                await send_whole(unavailable(error), send)
                return
            await send_head(response, send)
            if first:
                await send({"type": "http.response.body", "body": first, "more_body": True})
            async for part in content:
                if part:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})


def release(response: HttpResponseBase) -> None:
    """Break the reference cycles of a rendered response of REST framework with its view and its request.

    They would keep its data, its content and the body of the request until the garbage collector comes by: megabytes
    for each large answer.
    """
    context = getattr(response, "renderer_context", None)
    if context:
        context["view"].__dict__.pop("response", None)
        if context["request"] is not None:
            context["request"].parser_context = None
        context.clear()


async def send_whole(response: HttpResponse, send: Send) -> None:
    if response.status_code not in WITHOUT_CONTENT:
        response.headers.setdefault("Content-Length", str(len(response.content)))
    await send_head(response, send)
    await send({"type": "http.response.body", "body": response.content})


def unavailable(error: DatabaseError) -> HttpResponse:
    """Return the answer to an error of the database that came before the first part of a stream."""
    status, body, headers = describe(error)
    logger.error("A streamed answer failed before its first part", exc_info=error)
    return JsonResponse(body, status=status, headers=headers)


def parts(response: StreamingHttpResponse) -> AsyncGenerator[bytes, None]:
    """Return the parts of a streamed response; a synchronous iterator runs on a thread."""
    if response.is_async:
        return cast(AsyncGenerator[bytes, None], aiter(response))
    return in_a_thread(iter(response), response._resource_closers)  # type: ignore[attr-defined]


async def send_head(response: HttpResponseBase, send: Send) -> None:
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    cookies = [
        (b"Set-Cookie", c.output(header="").strip().encode("ascii")) for c in response.cookies.values()
    ]
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers + cookies}
    await send(start)
