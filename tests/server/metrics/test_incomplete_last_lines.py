"""An incomplete last line waits for its newline and delays nothing."""

from __future__ import annotations

import time
from pathlib import Path

from metrics.ingest.catch_up import backlog, catch_up
from metrics.ingest.journal_summary import metric_stats
from metrics.models import Journal
from metrics.query import series
from runicorn.store import layout
from tests.server.metrics.agreement import rows_of
from tests.server.metrics.journals import append, new_run, path_of

LINE = b'{"ts":1.0,"type":"metrics","data":{"loss":0.5,"global_step":1,"time":1.0}}\n'


def test_an_incomplete_last_line_waits_for_its_newline(store: Path) -> None:
    run = new_run(1)
    run.status = layout.RUNNING
    append(run, LINE + LINE[:30])
    assert catch_up(run, wait=60) == 0
    assert Journal.objects.get(run=run).offset == len(LINE)
    append(run, LINE[30:-1])
    assert catch_up(run, wait=60) == 0
    assert len(rows_of(series.rows_by_time(run))) == 1
    append(run, b"\n")
    assert catch_up(run, wait=60) == 0
    assert len(rows_of(series.rows_by_time(run))) == 2


def test_an_incomplete_line_is_the_only_bad_line(store: Path) -> None:
    run = new_run(1)
    append(run, LINE[:30] + b"\n" + LINE)
    catch_up(run, wait=60)
    assert Journal.objects.get(run=run).bad_lines == 1
    assert len(rows_of(series.rows_by_time(run))) == 1


def test_an_incomplete_last_line_is_no_backlog(store: Path) -> None:
    run = new_run(1)
    append(run, LINE[:30])
    before = time.monotonic()
    assert catch_up(run, wait=30) == 0
    assert time.monotonic() - before < 25
    assert backlog(run.root)["runs"] == 0


def test_a_complete_last_record_of_an_ended_run_is_read_without_its_newline(store: Path) -> None:
    run = new_run(1)
    append(run, LINE + LINE[:-1])
    assert catch_up(run, wait=60) == 0
    assert len(rows_of(series.rows_by_time(run))) == 2
    assert Journal.objects.get(run=run).offset == path_of(run).stat().st_size
    append(run, b"\n" + LINE)  # the run was resumed
    assert catch_up(run, wait=60) == 0
    assert len(rows_of(series.rows_by_time(run))) == 3
    journal = Journal.objects.get(run=run)
    assert (journal.rows, journal.records, journal.bad_lines) == (3, 3, 0)


def test_an_incomplete_last_record_of_an_ended_run_is_not_read(store: Path) -> None:
    run = new_run(1)
    append(run, LINE + LINE[:-2])
    assert catch_up(run, wait=60) == 0
    assert len(rows_of(series.rows_by_time(run))) == 1
    assert len(metric_stats(run.path)) == 1
