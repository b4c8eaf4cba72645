"""Sender process: uploads the runs of a queue while they train, until all of them are on the server."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from runicorn.store.heartbeat import INTERVAL_SECONDS
from runicorn.upload import log
from runicorn.upload.client import Conflict, Removed, RequestRejected, Server, ServerUnavailable
from runicorn.upload.queue import Queue, QueuedRun, woken
from runicorn.upload.worker import POLL, Worker

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
                with suppress(ValueError, ServerUnavailable, Conflict, RequestRejected, Removed):
                    server = server or worker.server(TIMEOUT)
                    server.heartbeat(run_id)


MOST_WORKERS = 256
RETRY_SECONDS = 30.0
"""Interval of retries for a run whose files could not be read."""
FLUSH_SECONDS = 25.0
"""Time to send remaining data after SIGTERM."""


def main() -> None:
    """Serve the queue whose folder is the only argument, unless another process does."""
    queue = Queue(Path(sys.argv[1]))
    with suppress(BlockingIOError), queue.serving() as serving:
        Sender(queue, serving).run()
    # Threads that wait for an unresponsive server must not delay the exit.
    sys.stderr.flush()
    os._exit(0)


class Sender:
    """Run a thread for each run of the queue, wake them, and end when the queue is empty or at SIGTERM.

    Args:
        serving: closed when the process stops serving it.
    """

    def __init__(self, queue: Queue, serving: ExitStack) -> None:
        self._queue = queue
        self._serving = serving
        self._workers: dict[str, Worker] = {}
        self._retry_at: dict[str, float] = {}
        self._stop_by: float | None = None
        self._wake = queue.listen()
        self._heartbeats = Heartbeats()
        self._signalled = threading.Event()

    def run(self) -> None:
        """Return when nothing is left to do."""
        signal.signal(signal.SIGTERM, lambda number, frame: self._signalled.set())
        with suppress(AttributeError):
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        log.shorten(self._queue.log)
        self._heartbeats.start()
        while not self._is_done():
            self._collect()
            self._wait()
        self._heartbeats.stop()

    def _is_done(self) -> bool:
        if self._signalled.is_set():
            now = time.monotonic()
            self._stop_by = self._stop_by or now + FLUSH_SECONDS
            for worker in self._workers.values():
                worker.flush()
            return now > self._stop_by or not any(worker.is_alive() for worker in self._workers.values())
        return not self._workers and self._queue.leave_if_empty(self._serving)

    def _collect(self) -> None:
        """Remove finished workers, and start one for each new run."""
        entries = self._queue.entries()
        for run_id, worker in list(self._workers.items()):
            if not worker.is_alive():
                self._heartbeats.forget(run_id)
                worker.close()
                del self._workers[run_id]
                self._retry_at[worker.entry.session] = time.monotonic() + RETRY_SECONDS
            elif run_id not in entries or entries[run_id].session != worker.entry.session:
                worker.supersede()
        if self._stop_by is None:
            for entry in entries.values():
                self._start(entry)

    def _start(self, entry: QueuedRun) -> None:
        if entry.run_id in self._workers or len(self._workers) >= MOST_WORKERS:
            return
        if time.monotonic() < self._retry_at.get(entry.session, 0.0):
            return
        worker = Worker(self._queue, entry)
        self._workers[entry.run_id] = worker
        worker.start()
        self._heartbeats.watch(worker)

    def _wait(self) -> None:
        """Wait for `POLL` seconds, for a training to end, or for a wake-up."""
        if not hasattr(select, "poll"):
            time.sleep(POLL)
            return
        poll = select.poll()
        watched = {worker.fd: worker for worker in self._workers.values() if worker.fd >= 0}
        for fd in [*watched, *([self._wake] if self._wake >= 0 else [])]:
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(POLL * 1000):
            if fd == self._wake:
                for run_id in woken(fd):
                    if run_id in self._workers:
                        self._workers[run_id].wake()
            else:
                watched[fd].process_ended()


if __name__ == "__main__":
    main()
