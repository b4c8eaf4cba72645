"""Background work at rest: nothing runs without a change, and every change is noticed."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from alerts.delivery import deliveries
from alerts.judging import rule_set
from alerts.judging.timer import DISK_SECONDS, PRESENCE_SECONDS, TICK_SECONDS, RuleTimer
from alerts.models import AlertChannel, AlertDelivery, AlertEvent, AlertRule
from metrics.ingest import catch_up
from runicorn.store.process_identity import host_identity
from runicorn_site.database import checkpoint
from runicorn_site.server import wakeups, worker
from runicorn_site.server.wakeups import Pulse, Wakeups
from runicorn_site.server.worker import Term, Worker
from runs.active_root import activate
from runs.index import bulk, discovery
from runs.models import Run, StorageRoot
from tests.folders import append_metrics, folder_of
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(folder: Path, home: Path) -> StorageRoot:
    return activate(folder)


@pytest.fixture
def pulse(root: StorageRoot, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A bell that rings once a pulse has found something; there are many pulses a second."""
    monkeypatch.setattr(wakeups, "PULSE_SECONDS", 0.01)
    bells = Wakeups()
    bell = bells.bell("any")
    thread = Pulse(bells)
    thread.start()
    until(bell.is_set)  # at its start
    bell.clear()
    yield bell
    thread.stop()


def write_elsewhere(sql: str, *values: Any) -> None:
    """Write to the database as another process does."""
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=30)) as other:
        other.execute(sql, values)
        other.commit()


def test_a_commit_of_another_process_wakes_and_silence_does_not(
    root: StorageRoot, pulse: threading.Event
) -> None:
    assert not pulse.wait(0.05)
    write_elsewhere("UPDATE runs_storageroot SET opened_at = ? WHERE id = ?", 1.0, root.pk)
    until(pulse.is_set)


def test_another_root_wakes(root: StorageRoot, pulse: threading.Event, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    activate(tmp_path / "other")
    until(pulse.is_set)


def test_a_database_that_reports_no_commits_is_asked_every_time(
    root: StorageRoot, pulse: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeups, "database_files", list)
    for _ in range(3):
        until(pulse.is_set)
        pulse.clear()


def test_a_rest_ends_by_a_bell_and_never_too_early(root: StorageRoot) -> None:
    bells = Wakeups()
    bell, term = bells.bell("any"), Term(root, threading.Event(), bells, "any")
    bell.set()
    began = time.monotonic()
    term.rest(600.0, at_least=0.05)
    assert 0.05 <= time.monotonic() - began < 60 and not bell.is_set()
    threading.Timer(0.05, bell.set).start()
    term.rest(600.0)
    assert time.monotonic() - began < 60


def count_rounds(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count the rounds of each loop from now on."""
    rounds: dict[str, int] = {}

    def counted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def do(*args: Any, **options: Any) -> Any:
            rounds[name] = rounds.get(name, 0) + 1
            return work(*args, **options)

        return do

    for name, module, function in (
        ("discover", discovery, "tick"),
        ("ingest", worker.metrics, "catch_up_all"),
        ("judge", worker, "judge_heartbeats"),
        ("catalogue", worker, "link_artifacts"),
        ("deliver", deliveries, "due_channels"),
        ("keep_wal_small", worker.WalCheckpoints, "run_if_worth"),
    ):
        monkeypatch.setattr(module, function, counted(name, getattr(module, function)))
    monkeypatch.setattr(RuleTimer, "round", counted("alerts", RuleTimer.round))
    return rounds


def test_a_store_at_rest_is_left_alone_and_a_new_run_is_ingested(
    root: StorageRoot, make_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TICK_SECONDS", "INGEST_SECONDS", "CATALOGUE_SECONDS", "STATES_SECONDS"):
        monkeypatch.setattr(worker, name, 0.02)
    monkeypatch.setattr(worker, "PROCESSES_SECONDS", 0.05)
    monkeypatch.setattr(worker.timer, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(wakeups, "PULSE_SECONDS", 0.02)
    old = make_run(Path(root.path), metrics=[{"loss": 1.0}])
    catch_up.forget(root)
    background = Worker(tmp_path)
    background.start()
    try:
        until(lambda: Run.objects.filter(run_id=old, journal_records=1).exists())
        rounds = count_rounds(monkeypatch)

        def rests() -> bool:
            """Return whether no loop has run for five ticks."""
            before = dict(rounds)
            return not background.stopping.wait(0.1) and rounds == before

        until(rests)
        rounds.clear()
        write_elsewhere("UPDATE runs_storageroot SET opened_at = ? WHERE id = ?", 1.0, root.pk)
        expected = {"ingest", "judge", "catalogue", "deliver", "keep_wal_small", "alerts"}
        until(lambda: expected <= rounds.keys())
        until(rests)
        new = make_run(Path(root.path), metrics=[{"loss": 2.0}])
        until(lambda: Run.objects.filter(run_id=new, journal_records=1).exists())
        until(rests)
        with monkeypatch.context() as only_the_kernel:
            only_the_kernel.setattr(background.wakeups, "ring", lambda: None)
            new_lines = [{"loss": 3.0, "global_step": 2}]
            append_metrics(Path(root.path), "vision", "resnet", old, new_lines, time.time())
            until(lambda: Run.objects.filter(run_id=old, journal_records=2).exists())
        until(rests)
        # A run without a last word: its process, which never existed, is found missing.
        dead = make_run(Path(root.path), status="running", pid=2**22 + 1, **own_machine())
        until(lambda: Run.objects.filter(run_id=dead, status="failed").exists())
        assert folder_of(Path(root.path), dead).joinpath("status.json").read_text().count("failed")
        assert bulk.breathe is not bulk._no_pause
    finally:
        background.stop(60)
    # Without the thread that makes the journal small, each large transaction would wait a second for it.
    assert bulk.breathe is bulk._no_pause


def own_machine() -> dict[str, Any]:
    return {**host_identity(), "process_start": 1.0}


def test_rules_of_silence_and_of_the_disk_have_their_own_times(root: StorageRoot) -> None:
    timer = RuleTimer(root)
    assert timer.seconds_until_next() == PRESENCE_SECONDS
    rule = AlertRule.objects.create(
        name="full",
        when={"kind": "disk", "op": "<", "value": 1.0},
        channels=[],
        created_at=1.0,
        changed_at=1.0,
    )
    rule_set.forget()
    assert timer.seconds_until_next() == DISK_SECONDS
    AlertRule.objects.filter(pk=rule.pk).update(when={"kind": "no_step", "minutes": 1.0})
    rule_set.forget()
    timer.running = {1: "running"}
    AlertRule.objects.filter(pk=rule.pk).update(changed_at=2.0)
    rule_set.forget()
    assert timer.seconds_until_next() == TICK_SECONDS


def test_a_message_is_due_when_it_is_tried_again(root: StorageRoot) -> None:
    assert deliveries.seconds_until_due() == deliveries.IDLE_SECONDS
    channel = AlertChannel.objects.create(name="mail", kind="webhook", url="", created_at=1.0)
    event = AlertEvent.objects.create(title="t", kind="fired", at=1.0, stored_at=1.0, text="t")
    delivery = AlertDelivery.objects.create(event=event, channel=channel, due_at=time.time() + 30)
    assert 25 < deliveries.seconds_until_due() <= 30
    AlertDelivery.objects.filter(pk=delivery.pk).update(due_at=1.0)
    assert deliveries.seconds_until_due() == deliveries.POLL_SECONDS


def test_a_large_wal_is_checkpointed_once_after_each_write(tmp_path: Path) -> None:
    database = tmp_path / "index.sqlite3"
    with (
        closing(sqlite3.connect(database, isolation_level=None)) as writer,
        closing(checkpoint.WalCheckpoints(database)) as checkpoints,
    ):
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("PRAGMA wal_autocheckpoint=0")
        writer.execute("CREATE TABLE points (content BLOB)")
        writer.execute("INSERT INTO points VALUES (zeroblob(?))", [checkpoint.WORTH_BYTES + 1024**2])
        assert checkpoints.run_if_worth() == checkpoint.BUSY_SECONDS
        assert checkpoints.run_if_worth() == checkpoint.EVERY_SECONDS
        writer.execute("INSERT INTO points VALUES ('a')")
        assert checkpoints.run_if_worth() == checkpoint.BUSY_SECONDS
        assert checkpoints.run_if_worth() == checkpoint.EVERY_SECONDS
