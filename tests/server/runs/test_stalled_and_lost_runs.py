"""States of running runs that the server judges by a timer: without steps they stall, without heartbeats they are lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from metrics.ingest.catch_up import catch_up
from metrics.ingest.stalls import Stalls
from runicorn.store import heartbeat
from runicorn.store.state.reasons import span
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from runs.services.states import judge_heartbeats
from tests.folders import append_metrics, folder_of, write_run
from tests.processes import train
from tests.server.runs.conftest import row
from tests.waiting import until

TRAINING = """
import sys, time
import runicorn as rn
run = rn.init("p", "n", run_id=sys.argv[1], capture_env=False, system_metrics=False)
run.log_text("epoch 3 begins")
print("began", flush=True)
while True:
    run.log({"loss": 1.0})
    time.sleep(0.02)
"""
RUN = "20260117_120000_a1b2c3"


def ingested(run_id: str) -> Run:
    discovery.full(active_root())
    catch_up(row(run_id), wait=60)
    return row(run_id)


def test_a_stopped_process_is_stalled_until_its_next_step(store: Path, home: Path, api: APIClient) -> None:
    training = train(TRAINING, store, home, RUN)
    assert training.stdout and training.stdout.readline()
    try:
        until(lambda: (ingested(RUN).last_step or 0) > 20)
        os.kill(training.pid, signal.SIGSTOP)
        until(lambda: psutil.Process(training.pid).status() == psutil.STATUS_STOPPED)
        last = ingested(RUN).last_step
        stalls, now = Stalls(active_root()), time.time()
        for seconds in (0, 60, 110):
            stalls.judge(now + seconds)
        assert row(RUN).state == "running", "not before two minutes"
        stalls.judge(now + 130)
        stalled = api.get(f"/api/runs/{RUN}").json()
        assert (stalled["status"], stalled["state"]) == ("running", "stalled")
        assert stalled["evidence"]["interval"] < 1 and now - stalled["evidence"]["since"] < 60
        assert stalled["state_reason"].startswith("No step since 20")
        assert stalled["state_reason"].endswith("epoch 3 begins")
        (folder_of(store, RUN) / "meta.json").touch()
        assert ingested(RUN).state == "stalled", "reading its files again changes nothing"
        os.kill(training.pid, signal.SIGCONT)
        until(lambda: (ingested(RUN).last_step or 0) > (last or 0))
        stalls.judge(now + 270)
        assert (row(RUN).state, row(RUN).state_reason, row(RUN).evidence) == ("running", None, {})
    finally:
        training.kill()
        training.communicate()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.000213, "0.213 ms"), (0.25, "250 ms"), (1.5, "1.5 s"), (119.0, "119 s"), (150.0, "2.5 min")],
)
def test_an_interval_has_a_unit_that_suits_it(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_slow_run_stalls_after_five_of_its_own_intervals(store: Path) -> None:
    now = time.time()
    slow = write_run(store, status="running", created_at=now - 3000, metrics=[])
    append_metrics(store, "vision", "resnet", slow, [{"time": now - 3000 + 100 * n} for n in range(26)], 0)
    silent = write_run(store, status="running", created_at=now - 3000)
    once = write_run(store, status="running", metrics=[{"loss": 1.0}], created_at=now - 3000)
    for run_id in (slow, silent, once):
        ingested(run_id)
    stalls = Stalls(active_root())
    stalls.judge(now - 300)
    stalls.judge(now - 10)
    assert row(slow).state == "running"
    stalls.judge(now + 10)
    assert (row(slow).state, row(slow).evidence["interval"]) == ("stalled", pytest.approx(100.0))
    stalls.judge(now + 1e6)
    assert row(silent).state == row(once).state == "running", "they have no usual interval"
    # A clock of the training that is ten minutes slow changes nothing while steps arrive.
    behind = write_run(store, status="running", created_at=now - 900, metrics=[])
    for n in range(8):
        append_metrics(store, "vision", "resnet", behind, [{"global_step": n, "time": now - 600 + 60 * n}], 0)
        ingested(behind)
        stalls.judge(now + 60 * n)
        assert row(behind).state == "running"


def test_a_silent_run_is_lost_and_returns_with_its_heartbeat(store: Path) -> None:
    run_id, local = write_run(store, status="running"), write_run(store, status="running")
    now = time.time()
    heartbeat.write(folder_of(store, run_id), now)
    ingested(run_id)
    judge_heartbeats(active_root(), now + 170)
    assert row(run_id).state == "running"
    heartbeat.listen(now + 150)
    judge_heartbeats(active_root(), now + 190)
    assert row(run_id).state == "running", "the server was off when the heartbeats would have come"
    judge_heartbeats(active_root(), now + 230)
    lost = row(run_id)
    assert (lost.status, lost.state, lost.evidence) == ("running", "lost", {"since": now})
    assert lost.state_reason is not None and lost.state_reason.startswith("No heartbeat since 20")
    Run.objects.filter(pk=lost.pk).update(heartbeat=now + 200)
    judge_heartbeats(active_root(), now + 240)
    assert (row(run_id).state, row(run_id).state_reason) == ("running", None)
    assert row(local).state == "running", "a run without heartbeats is never lost"


def test_judging_ten_thousand_running_runs_takes_three_queries(store: Path, make_run: Any) -> None:
    for _ in range(3):
        ingested(write_run(store, status="running", metrics=[{"loss": 1.0}] * 3))
    stalls, now = Stalls(active_root()), time.time() - 3590
    with CaptureQueriesContext(
        connection,
    ) as queries:
        judge_heartbeats(active_root(), now)
        stalls.judge(now)
    assert len(queries) == 3
