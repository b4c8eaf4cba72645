"""Heartbeats of uploaded runs."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from runicorn.store.heartbeat import INTERVAL_SECONDS
from runicorn.upload.client import Away, Conflict, Refused, Removed, Server

if TYPE_CHECKING:
    from runicorn.upload.worker import Worker

FIRST = 1.0
TIMEOUT = 10.0


class Heartbeats:
    """Send the heartbeats of all runs from one thread, independently of their uploads."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}
        self._due: dict[str, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeats", daemon=True)

    def start(self) -> None:
        """Start the thread; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread without waiting."""
        self._stopped.set()

    def watch(self, worker: Worker) -> None:
        """Send heartbeats of a run from now on."""
        self._workers[worker.entry.run_id] = worker

    def forget(self, run_id: str) -> None:
        self._workers.pop(run_id, None)
        self._due.pop(run_id, None)

    def _beat(self) -> None:
        import time

        server: Server | None = None
        while not self._stopped.wait(FIRST):
            for run_id, worker in list(self._workers.items()):
                now = time.monotonic()
                if now < self._due.get(run_id, 0.0) or not worker.is_training():
                    continue
                self._due[run_id] = now + INTERVAL_SECONDS
                with suppress(ValueError, Away, Conflict, Refused, Removed):
                    server = server or worker.server(TIMEOUT)
                    server.heartbeat(run_id)
