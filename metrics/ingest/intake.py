"""Ingest run journals: from bytes to committed points, each exactly once.

The offset advances by a conditional update in the transaction that stores the points of the bytes it passes, so
of several processes or threads only one stores them, and a killed process leaves nothing half stored.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import Q

from metrics.ingest.observing import Observer, observers
from metrics.ingest.parse import Batch, parse
from metrics.ingest.source import JournalIdentity, Mark, Source
from metrics.ingest.writer import Writer
from metrics.models import Journal, Series, Tail, Tile
from metrics.store.journal_problems import problems
from runicorn.store import layout
from runs.index.metric_index import forget_metrics, forget_summary, record_metrics
from runs.models import Run
from runs.query.prepared_query import PreparedQuery

logger = logging.getLogger(__name__)

GROUP_BYTES = 4 * 1024 * 1024
"""Maximum bytes per transaction: some tens of milliseconds of writing rows."""
LEASE_SECONDS = 10.0
LEASE_BYTES = 1024 * 1024
"""A smaller backlog is ingested without a lease."""
PAUSE = 0.02
PURGE = 64
OF_RUN = PreparedQuery(lambda run: Journal.objects.filter(run=run), -1)
_OWNER = f"{os.getpid()}-{secrets.token_hex(4)}"


class StaleCursor(Exception):
    """Another process advanced the offset, or the file changed; reload the rows and retry."""


class UnreadableJournal(Exception):
    """A journal exists and cannot be read now: a network file system was replaced, or its server does not answer.

    Attributes:
        behind: bytes still to be ingested, if known.
    """

    def __init__(self, path: Path, behind: int, error: OSError) -> None:
        super().__init__(f"{path} cannot be read now: {error}")
        self.behind = behind


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of reading a journal, as stored in `Journal`."""

    generation: int
    rows: int
    bad_lines: int
    untimed: int
    records: int
    altered: int
    last_time: float
    memory: JournalIdentity

    def after(self, batch: Batch, memory: JournalIdentity) -> Progress:
        return Progress(
            self.generation,
            self.rows + batch.rows,
            self.bad_lines + batch.bad,
            self.untimed + batch.untimed,
            self.records + batch.records,
            self.altered + batch.altered,
            batch.last_time,
            memory,
        )


def ingest(run: Run, deadline: float, stopped: Callable[[], bool] = lambda: False) -> int:
    """Store the points of a run's journal until it ends, `time.monotonic()` passes `deadline`, or `stopped()`.

    Returns:
        Bytes still to be ingested; 0 when only an incomplete line is left.

    Raises:
        UnreadableJournal: the journal was opened and cannot be read; stored points are kept.
        runs.errors.OutsideRoot: the run's folder is a link that leads out of the root.
    """
    path = run.path / layout.EVENTS
    try:
        source = Source(path, ended=run.status != layout.RUNNING)
    except OSError as error:
        # Stored points are kept: an unreachable file may come back.
        logger.debug("No journal to read at %s: %s", path, error)
        return 0
    with source:
        while row := _journal(run):
            behind = 0
            try:
                behind = max(0, source.size() - row.offset)
                if _lease(row, behind):
                    return _Intake(run, row, source).until(deadline, stopped)
                time.sleep(PAUSE)
            except StaleCursor:
                logger.debug("Another process ingested a part of %s", path)
            except OSError as error:
                raise UnreadableJournal(path, behind, error) from error
            if stopped() or time.monotonic() > deadline:
                return behind
    return 0


def journal_of(run: int) -> Journal | None:
    return OF_RUN.first(run)


def _journal(run: Run) -> Journal | None:
    """Return the row of the journal, or None if the run's row was deleted meanwhile."""
    journal = journal_of(run.pk)
    try:
        return journal or Journal.objects.get_or_create(run=run)[0]
    except IntegrityError:
        return None


def _lease(row: Journal, behind: int) -> bool:
    """Acquire the lease, which only a large backlog needs."""
    if behind < LEASE_BYTES:
        return True
    now = time.time()
    # A lease far beyond the possible maximum was acquired before the clock was set back. One a little beyond is that of
    # a process that asked a moment after `now`.
    over = Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * LEASE_SECONDS)
    free = Journal.objects.filter(over | Q(lease_owner=_OWNER), pk=row.pk)
    updated: int = free.update(lease_owner=_OWNER, lease_until=now + LEASE_SECONDS)
    return updated == 1


class _Intake:
    """One pass over a journal, starting where its row ends."""

    def __init__(self, run: Run, row: Journal, source: Source) -> None:
        self._run, self._row, self._source = run, row, source
        memory = source.recall(Mark(row.offset, row.inode, row.head, row.before, row.checksum))
        counts = row.generation, row.rows, row.bad_lines, row.untimed, row.records, row.altered
        progress = Progress(*counts, row.clock(run), memory or JournalIdentity(row.offset))
        self._stored = progress
        self._reached = (
            progress
            if memory
            else Progress(row.generation + 1, 0, 0, 0, 0, 0, run.created, JournalIdentity())
        )
        self._observers: list[Observer] = []

    def until(self, deadline: float, stopped: Callable[[], bool]) -> int:
        """Read, parse and store group after group. Raises `StaleCursor`."""
        writer = None
        while self._more():
            if writer is None:
                generation = self._reached.generation
                writer = Writer(self._run, generation)
                self._observers = [observe(self._run, generation) for observe in observers]
            self._read_group(writer)
            self._commit(writer)
            if stopped() or time.monotonic() > deadline:
                break
        if writer:
            purge(self._run.pk, self._stored.generation)
        return self._pending()

    def _more(self) -> bool:
        """Return whether there are further lines, or the journal was replaced."""
        return self._reached != self._stored or bool(self._source.read(self._stored.memory.offset))

    def _pending(self) -> int:
        """Return the bytes to be ingested; an incomplete last line does not count."""
        offset = self._stored.memory.offset
        if self._source.read(offset):
            return self._source.size() - offset
        if self._row.size != offset:
            Journal.objects.filter(pk=self._row.pk, offset=offset).update(size=offset)
        return 0

    def _read_group(self, writer: Writer) -> None:
        """Parse up to `GROUP_BYTES`."""
        reached, memory = self._reached, self._reached.memory
        start = memory.offset
        while memory.offset - start < GROUP_BYTES and (chunk := self._source.read(memory.offset)):
            batch = parse(chunk, reached.rows, reached.last_time, memory.within_line())
            writer.add(batch)
            for observer in self._observers:
                observer.add(batch)
            memory = memory.after(chunk)
            reached = reached.after(batch, memory)
        if not (self._source.holds(self._reached.memory) and self._source.holds(memory)):
            raise StaleCursor
        self._reached = reached

    def _commit(self, writer: Writer) -> None:
        writer.prepare()
        for observer in self._observers:
            observer.prepare()
        stats, reached = writer.changed_stats(), self._reached
        with transaction.atomic():
            self._move()
            writer.write()
            if reached.generation != self._stored.generation:
                forget_metrics(run=self._run)
            elif not self._stored.memory.offset:
                forget_summary(run=self._run)
            record_metrics(
                run=self._run,
                values=stats,
                last_write=self._source.modified_at(),
                problems=problems(reached.bad_lines, reached.untimed, reached.altered),
                records=None if self._source.read(reached.memory.offset) else reached.records,
            )
            for observer in self._observers:
                observer.write()
        writer.settle()
        for observer in self._observers:
            observer.settle()
        self._stored = reached

    def _move(self) -> None:
        """Advance the offset, unless another process did."""
        stored, reached = self._stored, self._reached
        here = Journal.objects.filter(
            pk=self._row.pk, offset=stored.memory.offset, generation=stored.generation
        )
        size = self._source.size()
        leased = size - reached.memory.offset >= LEASE_BYTES
        self._row.size = size
        moved = here.update(
            generation=reached.generation,
            rows=reached.rows,
            bad_lines=reached.bad_lines,
            untimed=reached.untimed,
            records=reached.records,
            altered=reached.altered,
            last_time=reached.last_time,
            size=size,
            lease_owner=_OWNER if leased else "",
            lease_until=time.time() + LEASE_SECONDS if leased else 0.0,
            **asdict(self._source.mark(reached.memory)),
        )
        if moved != 1:
            raise StaleCursor


def purge(run: int, generation: int) -> None:
    """Delete the series of older generations of a journal, in small batches."""
    older = {"run": run, "generation__lt": generation}
    if not Series.objects.filter(**older).exists():
        return
    for rows in (Tile.objects, Tail.objects):
        of_older = rows.filter(**{f"series__{name}": value for name, value in older.items()})
        while ids := list(of_older.values_list("pk", flat=True)[:PURGE]):
            rows.filter(pk__in=ids).delete()
    Series.objects.filter(**older).delete()
