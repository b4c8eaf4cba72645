"""Drain connections at shutdown: close WebSockets with a code, and let running responses finish for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

DRAIN_SECONDS = 10.0
"""For answers that have begun, such as downloads."""
ANSWER_SECONDS = 1.0
"""For requests whose answer has not begun, and for sockets to be closed by their clients."""
POLL_SECONDS = 0.02
GOING_AWAY = 1001


def has_begun(protocol: Any) -> bool:
    """Return whether a part of the answer of an HTTP request has been sent."""
    return bool(getattr(protocol, "_response_started", False))


def is_open(socket: Any) -> bool:
    """Return whether the connection of a WebSocket is still open."""
    return bool(socket.state != socket.STATE_CLOSED)


def close_sockets(protocols: Iterable[Any]) -> list[Any]:
    """Close every open WebSocket with the code that tells its client to come back later, and return them."""
    sockets = [
        protocol
        for protocol in protocols
        if getattr(protocol, "application_type", "") == "websocket" and protocol.state == protocol.STATE_OPEN
    ]
    for protocol in sockets:
        # Autobahn's `sendClose` accepts only the codes that are meant for applications.
        protocol.sendCloseFrame(code=GOING_AWAY, isReply=False)
    return sockets


async def drain(tasks: dict[asyncio.Future[Any], Any], sockets: list[Any], hurry: asyncio.Event) -> None:
    """Wait until the tasks have ended, and cancel those that take too long.

    Args:
        tasks: the tasks that answer, each with the protocol that it answers to.
        sockets: WebSockets that were asked to close; the frame that says so is sent by the event loop.
        hurry: when set, nothing is waited for any longer.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    hurried = asyncio.ensure_future(hurry.wait())
    pending = set(tasks)
    while pending and not hurry.is_set():
        passed = loop.time() - began
        begun = {task for task in pending if has_begun(tasks[task])}
        limit = DRAIN_SECONDS if begun else ANSWER_SECONDS
        if passed >= ANSWER_SECONDS:
            for task in pending - begun:
                task.cancel()
        if passed >= limit:
            break
        step = ANSWER_SECONDS - passed if passed < ANSWER_SECONDS else limit - passed
        await asyncio.wait({*pending, hurried}, timeout=step, return_when=asyncio.FIRST_COMPLETED)
        pending = {task for task in pending if not task.done()}
    hurried.cancel()
    while any(map(is_open, sockets)) and not hurry.is_set() and loop.time() - began < ANSWER_SECONDS:
        await asyncio.sleep(POLL_SECONDS)
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=ANSWER_SECONDS)
