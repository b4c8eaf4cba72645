"""Journals on network file systems: stale handles, failing reads, late or shrinking sizes."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from metrics.ingest import catch_up, summaries
from metrics.ingest.catch_up import catch_up_all
from metrics.models import Journal
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from tests.folders import append_metrics, write_run


@pytest.fixture
def run_id(store: Path) -> str:
    """A run with three points that are stored."""
    return write_run(store, metrics=[{"loss": 1.0}, {"loss": 0.5}, {"loss": 0.25}])


def losses(api: APIClient, run_id: str) -> list[float]:
    """The points of the run as the API tells them."""
    answer = api.get(f"/api/runs/{run_id}/metrics")
    assert answer.status_code == 200, answer.content
    return [row["loss"] for row in answer.json()["rows"]]


def more(store: Path, run_id: str, value: float) -> None:
    """The training logs another point."""
    append_metrics(store, "vision", "resnet", run_id, [{"loss": value, "global_step": 9}], 2e9)


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.ETIMEDOUT])
@pytest.mark.parametrize("call", ["pread", "fstat"])
def test_an_unreadable_journal_is_read_later(
    call: str, number: int, api: APIClient, store: Path, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert losses(api, run_id) == [1.0, 0.5, 0.25]
    more(store, run_id, 0.125)
    real, journal = getattr(os, call), os.stat(store / "vision/resnet/runs" / run_id / "events.jsonl").st_ino
    faults = []

    def fails(fd: int, *rest: Any) -> Any:
        if isinstance(fd, int) and real_fstat(fd).st_ino == journal and is_open_for(call, fd):
            faults.append(fd)
            raise OSError(number, os.strerror(number))
        return real(fd, *rest)

    real_fstat = os.fstat
    opened: set[int] = set()

    def is_open_for(call: str, fd: int) -> bool:
        # The first look at an open file is that by which it was opened.
        if call == "fstat" and fd not in opened:
            opened.add(fd)
            return False
        return True

    with monkeypatch.context() as edge:
        edge.setattr(os, call, fails)
        assert losses(api, run_id) == [1.0, 0.5, 0.25]
    assert faults
    assert losses(api, run_id) == [1.0, 0.5, 0.25, 0.125]


@pytest.mark.parametrize("status", ["running", "finished"])
def test_a_journal_that_cannot_be_read_is_left_alone_until_the_next_sweep(
    status: str, store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(catch_up, "_rounds", {})
    monkeypatch.setattr(summaries, "SMALL_BYTES", 0)  # a summary is another try
    bad = write_run(store, status=status, metrics=[{"loss": 1.0}])
    path = store / "vision/resnet/runs" / bad / "events.jsonl"
    real, tries = os.pread, []

    def fails(fd: int, count: int, at: int) -> bytes:
        if os.fstat(fd).st_ino == path.stat().st_ino:
            tries.append(fd)
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return real(fd, count, at)

    def warnings() -> int:
        return sum(f"{path} cannot be read now" in record.getMessage() for record in caplog.records)

    def round_(value: float) -> None:
        more(store, bad, value)
        catch_up_all(active_root())

    discovery.full(active_root())
    with monkeypatch.context() as edge, caplog.at_level(logging.WARNING):
        edge.setattr(os, "pread", fails)
        catch_up_all(active_root())  # its sweep comes behind the running runs, one of which was tried by then
        first = len(tries)
        assert 0 < first == warnings() <= 2
        round_(0.5)
        round_(0.25)
        assert len(tries) == warnings() == first
        (rounds,) = catch_up._rounds.values()
        rounds._next_sweep = 0.0
        catch_up_all(active_root())
        assert len(tries) == warnings() == first + 1
        edge.setattr(os, "pread", real)
        rounds._next_sweep = 0.0
        catch_up_all(active_root())
    assert Run.objects.get(run_id=bad).metric_rows.get().last == 0.25
    assert catch_up.backlog(active_root())["runs"] == 0


def test_a_late_or_temporarily_smaller_size_loses_and_duplicates_nothing(
    api: APIClient, store: Path, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert losses(api, run_id) == [1.0, 0.5, 0.25]
    path = store / "vision/resnet/runs" / run_id / "events.jsonl"
    before = path.stat().st_size
    more(store, run_id, 0.125)
    real = (os.fstat, os.pread)

    def stale(size: int) -> None:
        """What the whole of this process sees of the journal: its first bytes."""

        def fstat(fd: int) -> os.stat_result:
            about = real[0](fd)
            if about.st_ino != path.stat().st_ino or about.st_size < size:
                return about
            return os.stat_result((*about[:6], size, *about[7:]))

        def pread(fd: int, count: int, at: int) -> bytes:
            mine = real[0](fd).st_ino == path.stat().st_ino
            return real[1](fd, max(0, min(count, size - at)) if mine else count, at)

        monkeypatch.setattr(os, "fstat", fstat)
        monkeypatch.setattr(os, "pread", pread)

    stale(before)  # late
    assert losses(api, run_id) == [1.0, 0.5, 0.25]
    stale(before // 2)  # smaller
    assert losses(api, run_id) == [1.0]
    monkeypatch.undo()
    assert losses(api, run_id) == [1.0, 0.5, 0.25, 0.125]
    assert losses(api, run_id) == [1.0, 0.5, 0.25, 0.125]
    assert Journal.objects.get(run_id__run_id=run_id).rows == 4
