"""Background work of the server: discovery of runs and artifacts, ingest, WAL checkpoints.

Nothing runs at rest: a loop waits for a change of files or rows (`wakeups.py`) or for the next thing that is due.

Of several viewers on one store (for the WAL: on one database) one does each part of it: with SQLite the one that holds
the lock of a file, else the one that holds a lease in the database (`cluster/leases.py`). When it ends another takes
over. Every thread ends soon after `stop()`.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import close_old_connections, connection, connections

from alerts.delivery import deliveries
from alerts.judging import timer
from artifacts.index.folders import ArtifactFolders
from artifacts.index.usage_links import catch_up_all as link_artifacts
from artifacts.services import lookup
from metrics.ingest import catch_up as metrics
from metrics.ingest.stalls import Stalls
from metrics.query.formulas import provider as formulas
from metrics.query.series_view import prepare_charts
from runicorn._platform import file_lock
from runicorn.store import heartbeat, layout
from runicorn_site.cluster.leases import UNREACHABLE, HeldLease, Leases
from runicorn_site.database.checkpoint import BUSY_SECONDS as BUSY_WAL_SECONDS
from runicorn_site.database.checkpoint import WalCheckpoints, wait_for_checkpoint
from runicorn_site.database.monitor import monitor
from runicorn_site.server.limits import return_free_memory
from runicorn_site.server.wakeups import Pulse, Wakeups
from runicorn_site.watching.process import CHECK_SECONDS, WatchProcess
from runs.active_root import active_root
from runs.index import bulk, discovery
from runs.models import Run, StorageRoot
from runs.services.dead_runs import check_processes
from runs.services.states import judge_heartbeats

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
PROCESSES_SECONDS = 30.0
INGEST_SECONDS = 1.0
CATALOGUE_SECONDS = 2.0
CATALOGUE_PAUSE_FACTOR = 400
"""Pause after a look without news, in its durations, where the kernel does not tell the changes of folders."""
STATES_SECONDS = 5.0
IDLE_SECONDS = 600.0
"""Longest pause of a loop, whose next wake-up is a change."""
JUMP_SECONDS = 30.0
FORMULA_SECONDS = 1.0
BUSY_SECONDS = 0.05
"""Processor time of a round of the ingest that had something to do: the next one follows after a breath."""
AFTER_ERROR_SECONDS = 2.0
SLOW_LOOK = (
    "Changes in %s are not reported by the system: %s. New runs are looked for every second while a run is running, "
    "else at least every minute; changes of finished runs about every %.0f seconds."
)
TOO_MANY = "it has more folders than fs.inotify.max_user_watches or this program allows"


class Worker:
    """The threads that work for the active root of this process."""

    def __init__(self, locks: Path) -> None:
        self.locks = locks
        self.stopping = threading.Event()
        self.threads: list[threading.Thread] = []
        self.leases = None if connection.vendor == "sqlite" else Leases()
        self._has_database = True
        self.wakeups = Wakeups()
        self.pulse = Pulse(self.wakeups)

    def start(self) -> None:
        """Begin; returns at once."""
        heartbeat.listen(time.time())
        loops = [discover, ingest, catalogue, judge, alerts, deliver, watch]
        if self.leases is None:
            loops.append(keep_wal_small)
        else:
            self.leases.start()
        self.pulse.start()
        threading.Thread(target=self._prepare, name="prepare", daemon=True).start()
        for loop in loops:
            thread = threading.Thread(target=self._lead, args=(loop,), name=loop.__name__, daemon=True)
            thread.start()
            self.threads.append(thread)

    def stop(self, timeout: float) -> None:
        """Signal the threads to end and wait for them at most `timeout` seconds."""
        self.stopping.set()
        self.wakeups.ring()
        deliveries.wake.set()
        self.pulse.stop()
        deadline = time.monotonic() + timeout
        for thread in self.threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if self.leases is not None:
            self.leases.stop(max(0.0, deadline - time.monotonic()))

    def _prepare(self) -> None:
        """Do behind the start what the first chart would wait for."""
        try:
            prepare_charts()
        finally:
            connections.close_all()

    def _lead(self, loop: Callable[[Term], None]) -> None:
        """Run `loop` for the active root whenever no other process does, until the end."""
        while not self.stopping.is_set():
            if monitor.is_barred():
                self.stopping.wait(TICK_SECONDS)
                continue
            term = Term(active_root(), self.stopping, self.wakeups, loop.__name__)
            try:
                close_old_connections()
                subject = connection.settings_dict["NAME"] if loop is keep_wal_small else term.root.path
                with self._elected(lock_name(loop, str(subject))) as term.lease:
                    self._set_reachable(None)
                    loop(term)
            except BlockingIOError:
                self._set_reachable(None)
                self.stopping.wait(TICK_SECONDS)
            except UNREACHABLE as error:
                self._set_reachable(error)
                self.stopping.wait(AFTER_ERROR_SECONDS)
            except Exception:
                # The edge of a thread: whatever a store or the database does to us, the next round may succeed.
                logger.exception("Background work (%s) failed and restarts", loop.__name__)
                self.stopping.wait(AFTER_ERROR_SECONDS)
        connections.close_all()

    @contextmanager
    def _elected(self, name: str) -> Iterator[HeldLease | None]:
        """Raise `BlockingIOError` if another process does this work."""
        if self.leases is None:
            with file_lock(self.locks / name, blocking=False):
                yield None
        else:
            with self.leases.hold(name) as lease:
                yield lease

    def _set_reachable(self, error: Exception | None) -> None:
        """Log once that the database cannot be reached, and once that it can."""
        if error is not None and self._has_database:
            logger.warning("Background work waits for the database: %s", str(error).strip())
        elif error is None and not self._has_database:
            logger.warning("The database is reachable again")
        self._has_database = error is None


class Term:
    """Period in which this process works for one root: until it stops, shows another root, or loses its lease."""

    def __init__(self, root: StorageRoot, stopping: threading.Event, wakeups: Wakeups, name: str) -> None:
        self.root = root
        self.stopping = stopping
        self.wakeups = wakeups
        self.bell = wakeups.bell(name)
        """Set when files or rows changed since it was cleared."""
        self.epoch = monitor.epoch
        self.lease: HeldLease | None = None

    def goes_on(self) -> bool:
        """Return whether this root is still active, in the same database, and no other server does its work."""
        if self.lease is not None and not self.lease.is_held():
            return False
        return not self.stopping.is_set() and active_root().pk == self.root.pk and self.epoch == monitor.epoch

    def rest(self, seconds: float, *, at_least: float = 0.0) -> None:
        """Wait `seconds`, or for a change after `at_least` seconds; clears the bell, so that the next round looks first.

        Where no change of a row is reported (see `wakeups.py`), rounds are `at_least` apart, and never more than that.
        """
        if at_least:
            self.stopping.wait(at_least)
        if seconds > at_least:
            self.bell.wait(seconds - at_least)
        self.bell.clear()


def lock_name(loop: Callable[[Term], None], subject: str) -> str:
    """Return the name of the lock or lease that elects the process for a root or a database."""
    return f"{loop.__name__}-{hashlib.sha256(subject.encode()).hexdigest()[:16]}.lock"


def discover(term: Term) -> None:
    """List the root, then read what changes, and look rarely at everything."""
    # New lines of a run that has ended change no row: nothing else would wake the ingest.
    problem = discovery.follow(term.root, term.bell.set, term.wakeups.bell(ingest.__name__).set)
    next_full = next_check = 0.0
    is_reported = False
    try:
        while term.goes_on():
            now = time.monotonic()
            if now >= next_full:
                discovery.full(term.root)
                took, watched = time.monotonic() - now, discovery.is_watched(term.root)
                next_full = now + discovery.seconds_until_next_scan(took, watched=watched)
                return_free_memory()  # 7 MB of 100 after the scan of 10,000 runs
                if not (watched or is_reported):
                    logger.warning(SLOW_LOOK, term.root, problem or TOO_MANY, next_full - now)
                    is_reported = True
            else:
                discovery.tick(term.root)
            if now >= next_check:
                checked, _ = check_processes(term.root)
                next_check = now + PROCESSES_SECONDS if checked else 0.0
            due = min(time for time in (next_full, next_check) if time) - time.monotonic()
            term.rest(min(discovery.seconds_until_tick(term.root), due), at_least=TICK_SECONDS / 4)
    finally:
        discovery.forget(term.root)


def ingest(term: Term) -> None:
    """Ingest new records of the journals of the root."""
    while term.goes_on():
        began = time.thread_time()
        due = metrics.catch_up_all(term.root, term.stopping)
        if formulas.work_off(term.root, FORMULA_SECONDS, term.stopping):
            due = 0.0
        busy = time.thread_time() - began > BUSY_SECONDS
        term.rest(due, at_least=BUSY_SECONDS if busy else INGEST_SECONDS)


def judge(term: Term) -> None:
    """Find runs without heartbeats or steps, and those that have them again."""
    stalls = Stalls(term.root)
    offset = time.time() - time.monotonic()
    while term.goes_on():
        now = time.time()
        moved = now - time.monotonic() - offset
        if abs(moved) > JUMP_SECONDS:
            # The clock was set, or this machine was suspended: what is old now may not have been silent.
            heartbeat.listen(now)
            stalls.forget()
        offset += moved
        judge_heartbeats(term.root, now)
        stalls.judge(now)
        term.rest(STATES_SECONDS if has_running(term.root) else IDLE_SECONDS, at_least=STATES_SECONDS)


def catalogue(term: Term) -> None:
    """Follow the artifacts of the root, and what its runs made and used."""
    next_full, folders = 0.0, ArtifactFolders(Path(term.root.path), term.bell.set)
    try:
        while term.goes_on():
            now = time.monotonic()
            thorough = now >= next_full
            if folders.have_changed() or thorough:
                news = lookup.catch_up_all(term.root, thorough=thorough)
            else:
                news = link_artifacts(term.root)
            took = time.monotonic() - now
            if thorough:
                next_full = now + discovery.seconds_until_next_scan(took, watched=folders.are_watched)
            pause = 0.0 if news else next_full - time.monotonic()
            if not folders.are_watched and not thorough:
                pause = min(pause, CATALOGUE_PAUSE_FACTOR * took)
            term.rest(pause, at_least=CATALOGUE_SECONDS)
    finally:
        folders.close()


def alerts(term: Term) -> None:
    """Judge what no point tells: states of runs, silence, the disk."""
    timer.watch(term.root, term.goes_on, lambda pause: term.rest(pause, at_least=timer.TICK_SECONDS))


def deliver(term: Term) -> None:
    """Send messages of alerts to channels."""
    deliveries.Deliverer().until(term.goes_on)


def watch(term: Term) -> None:
    """Keep the runs of watched folders up to date, in a separate process."""
    WatchProcess(Path(term.root.path)).run(
        term.goes_on, lambda pause: term.rest(pause, at_least=CHECK_SECONDS)
    )


def keep_wal_small(term: Term) -> None:
    """Checkpoint the database as the only connection that does, and leave a small WAL behind."""
    database = Path(connection.settings_dict["NAME"])
    own = closing(WalCheckpoints(database))
    with own as checkpoints, bulk.paced(lambda: wait_for_checkpoint(database, term.bell.set)):
        while term.epoch == monitor.epoch and not term.stopping.is_set():
            pause = checkpoints.run_if_worth()
            term.rest(pause if pause == BUSY_WAL_SECONDS else IDLE_SECONDS, at_least=pause)
        if term.epoch == monitor.epoch:
            checkpoints.run("TRUNCATE")


def has_running(root: StorageRoot) -> bool:
    return bool(Run.objects.filter(root=root, status=layout.RUNNING, deleted=None).exists())
