"""Runner of daphne with our listening socket, bounded bodies and a timely shutdown."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import daphne.server
from daphne.server import Server
from twisted.internet import defer

from runicorn_site.security.guard import SPOOLED, Policy
from runicorn_site.security.unix_socket import UnixEndpoint
from runicorn_site.transport.body_limits import BoundedFactory
from runicorn_site.transport.connections import ConnectionTable
from runicorn_site.transport.drain import ANSWER_SECONDS, DRAIN_SECONDS, close_sockets, drain, has_begun

PING_SECONDS = 20
PONG_SECONDS = 30
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TcpEndpoint:
    """A TCP socket that listens already, taken over. The module of Twisted's own endpoints loads its plugins."""

    reactor: Any
    listening: socket.socket

    def listen(self, factory: Any) -> Any:
        self.listening.setblocking(False)  # Twisted accepts until the queue is empty
        port = self.reactor.adoptStreamPort(self.listening.fileno(), self.listening.family, factory)
        self.listening.close()  # the port has a descriptor of its own
        return defer.succeed(port)


class SiteServer(Server):  # type: ignore[misc]  # daphne has no annotations
    """daphne on a socket that is bound already."""

    def __init__(
        self,
        application: Any,
        policy: Policy,
        listening: socket.socket,
        ready: Callable[[], None],
        ending: Callable[[float], None],
        signals: bool,
        spool_folder: Path,
        most_of_archives: int,
    ) -> None:
        """Prepare to serve.

        Args:
            policy: by which requests are refused before their body has come.
            listening: a socket that listens already.
            ready: called when requests are answered.
            ending: called when the process is asked to end, with the seconds that connections may take.
            signals: whether SIGTERM and SIGINT end the server; not possible outside of the main thread.
            spool_folder: where the bodies lie for which the memory is too small.
            most_of_archives: bytes that an archive may have.
        """
        self.policy = policy
        self.listening = listening
        self.ending = ending
        self.table = ConnectionTable()
        self.ports: list[Any] = []
        self.spool_folder = spool_folder
        self.most_of_archives = most_of_archives
        super().__init__(
            application=application,
            endpoints=[f"fd:fileno={listening.fileno()}"],
            signal_handlers=signals,
            websocket_timeout=-1,  # no socket is closed for its age
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            action_logger=log_action,
            ready_callable=ready,
            server_name="runicorn",
            verbosity=0,
        )

    def run(self) -> None:
        """Serve until the process is asked to end."""
        # daphne makes its factory by this name and offers no other way to give it ours.
        daphne.server.HTTPFactory = BoundedFactory
        # Its own endpoint for descriptors takes every socket for an IPv4 one.
        daphne.server.serverFromString = self.endpoint
        super().run()

    def endpoint(self, reactor: Any, description: str) -> Any:
        """The socket that listens already."""
        if self.listening.family == getattr(socket, "AF_UNIX", None):
            return UnixEndpoint(reactor, self.listening.fileno())
        return TcpEndpoint(reactor, self.listening)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Create the application instance; the scope gets a body that is in a file."""
        spooled = getattr(protocol, "spooled", None)
        if spooled is not None:
            spooled.seek(0)
            scope[SPOOLED] = spooled
        queue = super().create_application(protocol, scope)
        task = self.connections.get(protocol, {}).get("application_instance")
        if task is not None:
            task.add_done_callback(partial(self._forget, protocol))
        return queue

    def _forget(self, protocol: Any, task: asyncio.Task[None]) -> None:
        """Forget an answered request at once: daphne would keep those of up to two seconds, megabytes under load."""
        is_answered = not task.cancelled() and task.exception() is None
        if is_answered and "disconnected" in self.connections.get(protocol, ()):
            del self.connections[protocol]

    def protocol_disconnected(self, protocol: Any) -> None:
        if protocol in self.connections:
            super().protocol_disconnected(protocol)

    def listen_success(self, port: Any) -> None:
        """Keep the port, so that it can be closed first."""
        self.ports.append(port)
        super().listen_success(port)

    def kill_all_applications(self) -> Any:
        """Accept nothing more, close what waits, and let answers that have begun come to their end.

        A connection whose request has not arrived whole has no task.
        """
        for port in self.ports:
            port.stopListening()
        for channel in self.table.waiting():
            channel.transport.loseConnection()
        sockets = close_sockets(self.connections)
        tasks = {
            task: protocol
            for protocol, details in self.connections.items()
            if (task := details.get("application_instance")) is not None and not task.done()
        }
        self.ending(DRAIN_SECONDS if any(map(has_begun, tasks.values())) else ANSWER_SECONDS)
        hurry = asyncio.Event()
        if self.signal_handlers:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(hurry.set))
        return defer.Deferred.fromFuture(asyncio.ensure_future(drain(tasks, sockets, hurry)))


def log_action(protocol: str, action: str, details: dict[str, Any]) -> None:
    """Log one line per request, at debug level."""
    logger.debug("%s %s %s", protocol, action, details)
