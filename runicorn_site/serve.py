"""Serving: the only way to start the application, for `runicorn viewer` and `manage.py runserver` alike.

    listen → make the database ready → open the storage root → background work → daphne → the same in reverse

Nothing of it happens at import or in `ready()`.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import webbrowser
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runicorn.settings import register_viewer, storage_root
from runicorn_site.listening import listen, url

if TYPE_CHECKING:
    from runicorn_site.worker import Worker

STOP_SECONDS = 2.5
"""From the request to end to the end of the process, whatever a view still waits for."""

logger = logging.getLogger(__name__)


class MissingRoot(Exception):
    """The storage root that was asked for is not there, or is no folder."""


@dataclass(frozen=True)
class Options:
    """What a viewer is started with."""

    host: str = "127.0.0.1"
    port: int = 23300
    storage: Path | None = None
    open_browser: bool = False
    log_level: str = "INFO"


def serve(options: Options) -> None:
    """Serve until SIGTERM or Ctrl-C; the process then ends here.

    Raises:
        CannotListen: the port is taken.
        MissingRoot: the storage root is not there.
    """
    listening = listen(options.host, options.port)
    root = existing_root(options.storage)
    server = Serving(options, listening, root)
    server.run()


def existing_root(chosen: Path | None) -> Path:
    """The folder to show; made when it is the usual one, which a new user does not have yet.

    Raises:
        MissingRoot: it was named and is not there, or cannot be made.
    """
    root = storage_root(chosen)
    if chosen is None:
        with suppress(FileExistsError):
            root.mkdir(parents=True, exist_ok=True)
    if not root.is_dir():
        raise MissingRoot(f"There is no folder {root}")
    return root


class Serving:
    """One viewer process, from its listening socket to its end."""

    def __init__(self, options: Options, listening: socket.socket, root: Path) -> None:
        self.options = options
        self.listening = listening
        self.root = root
        self.url = url(options.host, listening.getsockname()[1])
        self.note: Path | None = None
        self.worker: Worker | None = None

    def run(self) -> None:
        """Start everything, serve, and stop everything in reverse."""
        self.prepare()
        from runicorn_site.asgi import build
        from runicorn_site.daphne_server import SiteServer
        from runicorn_site.guard import Policy

        server = SiteServer(build(Policy()), self.listening, ready=self.ready, signals=True)
        try:
            server.run()
        finally:
            self.stop()

    def prepare(self) -> None:
        """Tables, storage root, background work."""
        import django

        django.setup()
        from django.conf import settings

        from runicorn_site import database
        from runicorn_site.worker import Worker
        from runs.active import activate

        logging.getLogger().setLevel(self.options.log_level)
        database.prepare()
        activate(self.root)
        self.worker = Worker(Path(settings.STATE_DIR))
        self.worker.start()

    def ready(self) -> None:
        """daphne listens: say so, here, to the SDK, and to the browser."""
        from django.db import connection
        from twisted.internet import reactor

        reactor.addSystemEventTrigger("before", "shutdown", self.hurry)  # type: ignore[attr-defined]
        self.note = register_viewer(self.url, self.root, token_needed=False)
        database = connection.settings_dict["NAME"]
        print(f"Runicorn at {self.url} shows {self.root} (database {database})", flush=True)  # noqa: T201
        if self.options.open_browser:
            threading.Thread(target=webbrowser.open, args=(self.url,), daemon=True).start()

    def hurry(self) -> None:
        """The end is asked for: let nothing hold it up."""
        timer = threading.Timer(STOP_SECONDS, os._exit, (0,))
        timer.daemon = True
        timer.start()

    def stop(self) -> None:
        """Stop the background work, take our note away and end, without waiting for views that hang."""
        if self.worker is not None:
            self.worker.stop(timeout=STOP_SECONDS)
        if self.note is not None:
            self.note.unlink(missing_ok=True)
        logging.shutdown()
        sys.stdout.flush()
        # Python would join the threads of the request pools, one of which may wait for another host for minutes.
        os._exit(0)
