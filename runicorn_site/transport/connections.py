"""Limits of connections: a deadline for the head of a request, and connections per address."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from runicorn_site.security.plain_responses import Refusal
from runicorn_site.security.request_rules import Head
from runicorn_site.transport.early_refusal import Channel

HEAD_SECONDS = 30.0
"""From the first byte of a request's head, or from the connection on, to the end of the head."""
PER_ADDRESS = 500
TOO_SLOW = Refusal(408, f"The head of the request did not arrive within {HEAD_SECONDS:g} seconds")


class ConnectionTable:
    """The open connections by client address, oldest first."""

    def __init__(self, limit: int = PER_ADDRESS) -> None:
        self.most = limit
        self._open: defaultdict[str, dict[LimitedChannel, None]] = defaultdict(dict)

    def add(self, channel: LimitedChannel) -> bool:
        """Add a connection, closing the oldest one of its address that serves no request if there are too many.

        Returns:
            False if all of them serve a request, so that the new one has to be closed.
        """
        of_address = self._open[channel.address]
        if len(of_address) >= self.most:
            waiting = next((other for other in of_address if other.is_waiting), None)
            if waiting is None:
                return False
            self.remove(waiting)
            waiting.transport.abortConnection()
        self._open[channel.address][channel] = None
        return True

    def remove(self, channel: LimitedChannel) -> None:
        """Remove a connection that has ended; an unknown one changes nothing."""
        of_address = self._open.get(channel.address)
        if of_address is not None:
            of_address.pop(channel, None)
            if not of_address:
                del self._open[channel.address]

    def waiting(self) -> list[LimitedChannel]:
        return [channel for channels in self._open.values() for channel in channels if channel.is_waiting]

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))


class LimitedChannel(Channel):
    """A connection that counts towards the limit, and has a deadline for each head.

    Attributes:
        is_waiting: whether the head of the next request has not arrived yet.
    """

    table: ConnectionTable
    address = ""
    is_waiting = True
    _deadline: asyncio.TimerHandle | None = None

    def connectionMade(self) -> None:
        """Start the deadline of the first head."""
        self.address = str(getattr(self.transport.getPeer(), "host", ""))
        super().connectionMade()  # type: ignore[no-untyped-call]
        if self.table.add(self):
            self._expect_head()
        else:
            self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Parse bytes; the first ones after a request start the deadline of the next head."""
        if self.is_waiting and self._deadline is None:
            self._expect_head()
        super().dataReceived(data)  # type: ignore[no-untyped-call]

    def allHeadersReceived(self) -> None:
        """The head is complete."""
        self.is_waiting = False
        self._forget_deadline()
        upgrade = self.requests[-1].requestHeaders.getRawHeaders(b"upgrade", [])
        if b"websocket" in [value.lower() for value in upgrade]:
            # Another protocol takes over the connection, and `connectionLost` is not called.
            self.table.remove(self)
        super().allHeadersReceived()  # type: ignore[no-untyped-call]

    def requestDone(self, request: Any) -> None:
        """The request is answered: the connection waits for the next one."""
        self.is_waiting = True
        super().requestDone(request)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Any = None) -> None:
        self._forget_deadline()
        self.table.remove(self)
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def refuse(self, refusal: Refusal, target: bytes | None = None, head: Head | None = None) -> None:
        """Respond, and read no further; closing the connection has its own deadline."""
        self._forget_deadline()
        self.table.remove(self)
        super().refuse(refusal, target, head)

    def _expect_head(self) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(HEAD_SECONDS, self._too_slow)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self.refuse(TOO_SLOW)
