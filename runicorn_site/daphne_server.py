"""daphne as this application needs it: our own listening socket, bounded bodies, an end that comes in time."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import daphne.server
from daphne.server import Server
from twisted.internet import defer

from runicorn_site.bodies import BoundedFactory
from runicorn_site.guard import SPOOLED, Policy

PING_SECONDS = 20
PONG_SECONDS = 30
logger = logging.getLogger(__name__)


class SiteServer(Server):
    """daphne on a socket that is bound already."""

    def __init__(
        self,
        application: Any,
        policy: Policy,
        listening: socket.socket,
        ready: Callable[[], None],
        ending: Callable[[], None],
        signals: bool,
        spool_folder: Path,
        most_of_archives: int,
    ) -> None:
        """Prepare to serve.

        Args:
            policy: by which requests are refused before their body has come.
            listening: a socket that listens already.
            ready: called when requests are answered.
            ending: called when the process is asked to end.
            signals: whether SIGTERM and SIGINT end the server; not possible outside of the main thread.
            spool_folder: where the bodies lie for which the memory is too small.
            most_of_archives: bytes that an archive may have.
        """
        self.policy = policy
        self.ending = ending
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
        super().run()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Begin to answer; a body that lies in a file goes along with the scope."""
        spooled = getattr(protocol, "spooled", None)
        if spooled is not None:
            spooled.seek(0)
            scope[SPOOLED] = spooled
        return super().create_application(protocol, scope)

    def kill_all_applications(self) -> Any:
        """Cancel what is still being answered; a connection whose request has not arrived whole has no task."""
        self.ending()
        tasks = [details.get("application_instance") for details in self.connections.values()]
        running = [task for task in tasks if task is not None and not task.done()]
        for task in running:
            task.cancel()
        return defer.Deferred.fromFuture(
            asyncio.ensure_future(asyncio.wait(running) if running else _nothing())
        )


async def _nothing() -> None:
    return None


def log_action(protocol: str, action: str, details: dict[str, Any]) -> None:
    """One line a request, at debug level."""
    logger.debug("%s %s %s", protocol, action, details)
