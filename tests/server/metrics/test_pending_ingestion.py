"""While another process ingests a large journal, responses have the committed points and the pending bytes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from random import Random

import pytest
from rest_framework.test import APIClient

from metrics.ingest import intake
from metrics.ingest.catch_up import catch_up
from metrics.models import Journal
from runs.models import Run
from tests.server.metrics.journals import Scribe, append, new_run, path_of


@pytest.fixture
def leased(store: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with some lines stored and more to come, which another process has said to be busy with."""
    monkeypatch.setattr(intake, "LEASE_BYTES", 1000)
    run, scribe = new_run(1), Scribe(Random(1))
    append(run, scribe.lines(10))
    assert catch_up(run, wait=60) == 0
    append(run, scribe.lines(50))
    Journal.objects.filter(run=run).update(lease_owner="another", lease_until=time.time() + 19)
    return run


class Clock:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.began, self.now = time.time(), 0.0

    def time(self) -> float:
        return self.began + self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of ingestion."""
    clock = Clock()
    for module in (intake, sys.modules[catch_up.__module__]):
        monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_response_waits_at_most_two_seconds(leased: Run, api: APIClient, clock: Clock) -> None:
    row = Journal.objects.get(run=leased)
    answer = api.get(f"/api/runs/{leased.run_id}/metrics")
    assert 2 <= clock.now < 2.2
    assert int(answer.headers["X-Ingest-Pending"]) == path_of(leased).stat().st_size - row.offset
    assert 0 < answer.json()["total"] <= 10


def test_ingestion_continues_after_the_lease_is_released(leased: Run, api: APIClient) -> None:
    Journal.objects.filter(run=leased).update(lease_until=time.time() - 1)
    answer = api.get(f"/api/v2/experiments/{leased.run_id}/series?x=time")
    assert "X-Ingest-Pending" not in answer.headers
    assert answer.json()["last_row"] >= 59


def test_a_small_backlog_needs_no_lease(leased: Run, api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "LEASE_BYTES", 1_000_000)
    assert "X-Ingest-Pending" not in api.get(f"/api/runs/{leased.run_id}/progress").headers


def test_a_lease_from_before_the_clock_was_set_back_is_ignored(leased: Run, api: APIClient) -> None:
    Journal.objects.filter(run=leased).update(lease_until=time.time() + 3600)
    assert "X-Ingest-Pending" not in api.get(f"/api/runs/{leased.run_id}/metrics")
