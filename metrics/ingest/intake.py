"""Taking a journal in: from bytes to committed points, each exactly once.

The offset moves by a conditional update in the transaction that stores the points of the bytes it passes. Two
processes, a thread and a request, a process that is killed: whoever does not move it from where it was when the
rows were read stores nothing.
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

from metrics.ingest.parse import Batch, parse
from metrics.ingest.source import Mark, Memory, Source
from metrics.ingest.writer import Writer
from metrics.models import Journal, Series, Tail, Tile
from metrics.store.journal_problems import problems
from runicorn.store import layout
from runs.index.metric_index import forget_metrics, record_metrics
from runs.models import Run

logger = logging.getLogger(__name__)

GROUP_BYTES = 4 * 1024 * 1024
"""Bytes that are stored by one transaction at most: some tens of milliseconds of rows."""
LEASE_SECONDS = 10.0
LEASE_BYTES = 1024 * 1024
"""A smaller rest is taken in without asking who else may be at it."""
PAUSE = 0.02
PURGE = 64
_OWNER = f"{os.getpid()}-{secrets.token_hex(4)}"


class Overtaken(Exception):
    """Somebody else moved the offset, or the file changed under our eyes: begin anew from the rows."""


class Unreadable(Exception):
    """A journal is there and cannot be read now. On a network file system it was replaced over there, or its server does
    not answer.

    Attributes:
        behind: bytes that are still to be taken in, as far as that is known.
    """

    def __init__(self, path: Path, behind: int, error: OSError) -> None:
        super().__init__(f"{path} cannot be read now: {error}")
        self.behind = behind


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a journal has been read: what `Journal` keeps of it."""

    generation: int
    rows: int
    bad_lines: int
    untimed: int
    records: int
    altered: int
    last_time: float
    memory: Memory

    def after(self, batch: Batch, memory: Memory) -> Progress:
        """The progress when a chunk was read too."""
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


def take_in(run: Run, deadline: float, stopped: Callable[[], bool] = lambda: False) -> int:
    """Store the points of a run's journal until it ends, `time.monotonic()` passes `deadline`, or `stopped()`.

    Returns:
        Bytes that are still to be taken in; 0 when only half a line is left.

    Raises:
        Unreadable: the journal was opened and cannot be read; what was stored before stays.
        runs.errors.OutsideRoot: the run's folder is a link that leads out of the root.
    """
    path = run.path / layout.EVENTS
    try:
        source = Source(path, ended=run.status != layout.RUNNING)
    except OSError as error:
        # What was taken in stays: a file that cannot be reached now may come back.
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
            except Overtaken:
                logger.debug("Somebody else took in a part of %s", path)
            except OSError as error:
                raise Unreadable(path, behind, error) from error
            if stopped() or time.monotonic() > deadline:
                return behind
    return 0


def _journal(run: Run) -> Journal | None:
    """The row of the run's journal; None when the run's own row is gone meanwhile."""
    known: Journal | None = Journal.objects.filter(run=run).first()
    try:
        return known or Journal.objects.get_or_create(run=run)[0]
    except IntegrityError:
        return None


def _lease(row: Journal, behind: int) -> bool:
    """Whether to begin: always for little, for much unless somebody else is at it."""
    if behind < LEASE_BYTES:
        return True
    now = time.time()
    # A lease that ends later than any can was taken before the clock was set back.
    over = Q(lease_until__lt=now) | Q(lease_until__gt=now + LEASE_SECONDS)
    free = Journal.objects.filter(over | Q(lease_owner=_OWNER), pk=row.pk)
    taken: int = free.update(lease_owner=_OWNER, lease_until=now + LEASE_SECONDS)
    return taken == 1


class _Intake:
    """One go at a journal from where its row stands."""

    def __init__(self, run: Run, row: Journal, source: Source) -> None:
        self._run, self._row, self._source = run, row, source
        memory = source.recall(Mark(row.offset, row.inode, row.head, row.before, row.checksum))
        counted = row.generation, row.rows, row.bad_lines, row.untimed, row.records, row.altered
        known = Progress(*counted, row.clock(run), memory or Memory(row.offset))
        self._stored = known
        self._reached = (
            known if memory else Progress(row.generation + 1, 0, 0, 0, 0, 0, run.created, Memory())
        )

    def until(self, deadline: float, stopped: Callable[[], bool]) -> int:
        """Read, parse and store group after group. Raises `Overtaken`."""
        writer = None
        while self._more():
            writer = writer or Writer(self._run, self._reached.generation)
            self._read_group(writer)
            self._commit(writer)
            if stopped() or time.monotonic() > deadline:
                break
        if writer:
            purge(self._run.pk, self._stored.generation)
        return self._pending()

    def _more(self) -> bool:
        """Whether another line has ended, or the journal begins anew."""
        return self._reached != self._stored or bool(self._source.read(self._stored.memory.offset))

    def _pending(self) -> int:
        """Half a line at the end is nothing to wait for; the row then says that all is done."""
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
            memory = memory.after(chunk)
            reached = reached.after(batch, memory)
        if not (self._source.holds(self._reached.memory) and self._source.holds(memory)):
            raise Overtaken
        self._reached = reached

    def _commit(self, writer: Writer) -> None:
        writer.prepare()
        facts, reached = writer.facts(), self._reached
        with transaction.atomic():
            self._move()
            writer.write()
            if reached.generation != self._stored.generation:
                forget_metrics(run=self._run)
            record_metrics(
                run=self._run,
                values=facts,
                last_write=self._source.written(),
                problems=problems(reached.bad_lines, reached.untimed, reached.altered),
                records=None if self._source.read(reached.memory.offset) else reached.records,
            )
        writer.settle()
        self._stored = reached

    def _move(self) -> None:
        """Claim the bytes: from here to the end of the transaction they are ours."""
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
            raise Overtaken


def purge(run: int, generation: int) -> None:
    """Delete what is of older generations of a run's journal, little by little: nobody sees it any more."""
    older = {"run": run, "generation__lt": generation}
    if not Series.objects.filter(**older).exists():
        return
    for rows in (Tile.objects, Tail.objects):
        of_older = rows.filter(**{f"series__{name}": value for name, value in older.items()})
        while ids := list(of_older.values_list("pk", flat=True)[:PURGE]):
            rows.filter(pk__in=ids).delete()
    Series.objects.filter(**older).delete()
