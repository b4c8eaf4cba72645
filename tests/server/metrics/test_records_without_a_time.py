from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metrics.ingest.catch_up import catch_up
from metrics.live.socket import PointFrames
from metrics.models import Journal
from metrics.query import series
from tests.server.metrics.agreement import rows_of
from tests.server.metrics.journals import append, new_run, path_of

LOSS = b'{"ts":%b,"type":"metrics","data":{"loss":0.5}}\n'
WITHOUT = [b"null", b'"2026-01-01"', b"1e300", b"NaN", b"true", b"[5]"]


def times(run: Any) -> list[float]:
    """What `metrics` answers: seconds since the first record."""
    catch_up(run, wait=60)
    return [row["time"] for row in rows_of(series.rows_by_time(run))]


@pytest.mark.parametrize("ts", WITHOUT)
def test_a_record_without_a_time_has_the_time_of_the_previous_one(store: Path, ts: bytes) -> None:
    run = new_run(1)
    append(run, LOSS % b"1700000000.0" + LOSS % b"1700000060.0" + LOSS % ts + LOSS % b"1700000090.0")
    assert times(run) == [0.0, 60.0, 60.0, 90.0]


def test_the_first_record_has_the_start_time_of_the_run(store: Path) -> None:
    run = new_run(1)
    append(run, LOSS % b"null" + LOSS % str(run.created + 30).encode())
    assert times(run) == [0.0, pytest.approx(30.0)]


def test_the_number_of_ingested_pieces_makes_no_difference(store: Path) -> None:
    run = new_run(1)
    for ts in (b"null", b"1700000060.0", b"null", b"1700000090.0"):
        append(run, b"not a record\n" + LOSS % ts)
        catch_up(run, wait=60)
    journal = Journal.objects.get(run=run)
    assert (journal.rows, journal.bad_lines, journal.untimed) == (8, 4, 2)


def test_an_open_page_has_the_record_at_the_same_time(store: Path) -> None:
    run = new_run(1)
    journal = Journal(run=run)
    frames = PointFrames(1, -1, journal.clock(run))
    chunk = type("Chunk", (), {"data": LOSS % b"null", "continued": False, "end": 1})
    assert f'"time":[{run.created}]' in frames.frame(chunk)


def test_the_warnings_of_a_run_count_records_without_a_time(store: Path, api: Any) -> None:
    run = new_run(1)
    append(run, LOSS % b"null" + LOSS % b"[]" + b"{\n")
    assert api.get(f"/api/runs/{run.run_id}/metrics").status_code == 200
    assert api.get(f"/api/runs/{run.run_id}").json()["warnings"] == [
        "1 line of the journal could not be read and was skipped.",
        "2 records of the journal have no valid time; the time of the previous record is used.",
    ]
    path_of(run).write_bytes(LOSS % b"5.0")
    assert api.get(f"/api/runs/{run.run_id}/metrics").status_code == 200
    assert api.get(f"/api/runs/{run.run_id}").json()["warnings"] == []
