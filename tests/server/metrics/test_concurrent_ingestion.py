"""Two viewers on one store, and threads of one, store every point once."""

from __future__ import annotations

import threading
from pathlib import Path
from random import Random

import pytest
from django.db import connection

from metrics.ingest.catch_up import catch_up
from metrics.query import series
from runs.models import Run
from tests.server.metrics import naive
from tests.server.metrics.agreement import check_everything, rows_of
from tests.server.metrics.ingesting import start
from tests.server.metrics.journals import Scribe, append, new_run
from tests.server.metrics.naive import same

pytestmark = pytest.mark.usefixtures("small_pieces")


def test_two_processes_store_each_point_once(shared_store: Path, home: Path) -> None:
    random = Random(5)
    run, content = new_run(5), Scribe(random).lines(800)
    append(run, content)
    others = [start(run, home), start(run, home)]
    while any(process.poll() is None for process in others):
        rows = rows_of(series.rows_by_time(run))
        _, expected = naive.parse(content).by_time()
        assert len(rows) <= len(expected)
        assert len({row["time"] for row in rows}) <= len(rows)
    assert [process.wait(60) for process in others] == [0, 0]
    assert catch_up(run, wait=60) == 0
    check_everything(run, content, random)


def test_threads_of_requests_store_each_point_once(shared_store: Path) -> None:
    random = Random(6)
    run, scribe = new_run(6), Scribe(random)
    scribe.strange = 0.0
    content = scribe.lines(100)
    append(run, content)
    stopped, failures = threading.Event(), []
    threads = [threading.Thread(target=ask, args=(run, stopped, failures)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        piece = scribe.lines(40)
        append(run, piece)
        content += piece
        catch_up(run)
    stopped.set()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert catch_up(run, wait=60) == 0
    check_everything(run, content, random)


def ask(run: Run, stopped: threading.Event, failures: list[str]) -> None:
    """What a page does all the time: everything it gets is a beginning of the journal, whole rows in order."""
    earlier: list[dict[str, object]] = []
    while not stopped.is_set() and not failures:
        if catch_up(run) != 0:
            continue
        rows = rows_of(series.rows_by_time(run))
        if not same(sorted_rows(rows)[: len(earlier)], earlier) and not is_subset(earlier, rows):
            failures.append(f"{len(earlier)} rows were known, {len(rows)} came")
        earlier = sorted_rows(rows)
    connection.close()


def sorted_rows(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def is_subset(part: list[dict[str, object]], rows: list[dict[str, object]]) -> bool:
    """A clock that went back puts later rows between earlier ones; none is lost for that."""
    remaining = iter(sorted_rows(rows))
    return all(any(same(row, other) for other in remaining) for row in part)
