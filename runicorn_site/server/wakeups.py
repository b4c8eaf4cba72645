"""Wake-ups of background work: by changed rows, by another storage root, and by the end of the process.

SQLite counts the commits of other connections (`PRAGMA data_version`); one thread asks once a second and wakes
all loops. PostgreSQL has no such count: there each loop asks as often as it is due (`has_versions`).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

from django.db import connections

from alerts.delivery import deliveries
from runicorn_site.database.monitor import monitor
from runs.active_root import active_root
from runs.index import discovery

PULSE_SECONDS = 1.0
logger = logging.getLogger(__name__)


class Wakeups:
    """A bell for each loop."""

    def __init__(self) -> None:
        self._bells: dict[str, threading.Event] = {}

    def bell(self, name: str) -> threading.Event:
        return self._bells.setdefault(name, threading.Event())

    def ring(self) -> None:
        """Wake all loops."""
        for bell in list(self._bells.values()):
            bell.set()
        deliveries.wake.set()


class Pulse:
    """The thread that looks once a second whether there may be work."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self._connections: dict[str, sqlite3.Connection] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        before: object = None
        while not self._stopping.wait(PULSE_SECONDS):
            monitor.check()
            root = active_root()
            discovery.check_root(root)
            now = root.pk, monitor.epoch, self._versions()
            if now != before or not has_versions():
                self._wakeups.ring()
            before = now
        self._close()

    def _versions(self) -> list[int] | None:
        """Return a number for each database that changes with the commits of others; None if one cannot be read now."""
        if monitor.is_barred():
            self._close()
            return None
        try:
            return [self._version(path) for path in database_files()]
        except sqlite3.Error as error:
            logger.debug("The databases are opened again: %s", error)
            self._close()
            return None

    def _version(self, path: Path) -> int:
        key = f"{monitor.epoch} {path}"  # a database that was replaced counts from the start
        if key not in self._connections:
            self._connections[key] = sqlite3.connect(
                f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False
            )
        (version,) = self._connections[key].execute("PRAGMA data_version").fetchone()
        return int(version)

    def _close(self) -> None:
        while self._connections:
            self._connections.popitem()[1].close()


def database_files() -> list[Path]:
    """Return the SQLite files that this process writes."""
    return [
        Path(database["NAME"])
        for database in connections.settings.values()
        if "sqlite" in str(database["ENGINE"])
    ]


def has_versions() -> bool:
    """Return whether commits of all databases are noticed."""
    return len(database_files()) == len(connections.settings)
