"""Rounds over a root: running runs first, then the others, until there is no backlog."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from metrics.ingest import catch_up, schedule, summaries
from metrics.ingest.catch_up import backlog, catch_up_all
from metrics.models import Journal, Series, Tail
from metrics.query import series
from runs.active_root import activate, active_root
from runs.index import discovery
from runs.models import Run, StorageRoot
from tests.folders import append_metrics
from tests.server.metrics.agreement import rows_of
from tests.waiting import until

MakeRun = Callable[..., str]


@pytest.fixture(autouse=True)
def fresh_rounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only rounds of the test's own root. One round has time for everything."""
    monkeypatch.setattr(schedule, "SLICE_SECONDS", 60.0)
    monkeypatch.setattr(summaries, "SMALL_BYTES", 0)  # these are about stored points
    catch_up._rounds.clear()
    yield
    catch_up._rounds.clear()


def losses(run_id: str) -> list[float]:
    return [row["loss"] for row in rows_of(series.rows_by_step(Run.objects.get(run_id=run_id)))]


def test_one_round_ingests_running_and_ended_runs(store: Path, make_run: MakeRun) -> None:
    ended = [make_run(store, metrics=[{"loss": float(i)}] * 3) for i in range(5)]
    running = make_run(store, status="running", metrics=[{"loss": 9.0}])
    discovery.full(active_root())
    catch_up_all(active_root())
    assert losses(running) == [9.0]
    assert [losses(run_id) for run_id in ended] == [[float(i)] * 3 for i in range(5)]
    assert backlog(active_root())["runs"] == 0


def test_a_running_run_is_followed(store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store, status="running", metrics=[{"loss": 9.0}])
    discovery.full(active_root())
    catch_up_all(active_root())
    append_metrics(store, "vision", "resnet", run_id, [{"loss": 8.0, "global_step": 2}], time.time())

    def followed() -> bool:
        catch_up_all(active_root())
        return losses(run_id) == [9.0, 8.0]

    until(followed)


def test_a_root_gets_no_rounds_of_one_that_had_its_key(
    store: Path, make_run: MakeRun, tmp_path: Path
) -> None:
    make_run(store, metrics=[{"loss": 9.0}])
    discovery.full(active_root())
    catch_up_all(active_root())
    new = tmp_path / "new"
    new.mkdir()
    Run.objects.all().delete()
    StorageRoot.objects.update(path=str(new))
    assert activate(new).pk == active_root().pk
    run_id = make_run(new, metrics=[{"loss": 8.0}])
    discovery.full(active_root())
    catch_up_all(active_root())
    assert losses(run_id) == [8.0]


def test_the_last_lines_of_a_run_that_ended_come_too(store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store, status="running", metrics=[{"loss": 9.0}])
    discovery.full(active_root())
    catch_up_all(active_root())
    append_metrics(store, "vision", "resnet", run_id, [{"loss": 8.0, "global_step": 2}], time.time())
    Run.objects.filter(run_id=run_id).update(status="finished")
    catch_up_all(active_root())
    assert losses(run_id) == [9.0, 8.0]


def test_the_backlog_is_counted(store: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "SLICE_SECONDS", -1.0)
    run_ids = [make_run(store, metrics=[{"loss": 1.0}] * 4) for _ in range(3)]
    discovery.full(active_root())
    catch_up_all(active_root())
    sizes = [os.path.getsize(next(store.glob(f"*/*/runs/{run_id}")) / "events.jsonl") for run_id in run_ids]
    behind = backlog(active_root())
    assert behind["total_bytes"] == sum(sizes)
    assert behind["runs"] >= 2 and 0 < behind["bytes"] <= sum(sizes)


def test_new_runs_are_ingested_soon(store: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "NEW_RUNS_SECONDS", 0.0)
    discovery.full(active_root())
    catch_up_all(active_root())
    run_id = make_run(store, metrics=[{"loss": 1.0}])
    discovery.full(active_root())
    catch_up_all(active_root())
    assert losses(run_id) == [1.0]


def test_a_new_run_is_found_without_a_look_at_all_others(
    store: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "NEW_RUNS_SECONDS", 0.0)
    for _ in range(5):
        make_run(store, metrics=[{"loss": 1.0}])
    discovery.full(active_root())
    catch_up_all(active_root())
    (ingest_round,) = catch_up._rounds.values()
    looked, look = list[str](), ingest_round._look
    monkeypatch.setattr(ingest_round, "_look", lambda folder: looked.append(folder) or look(folder))
    late, new = make_run(store), make_run(store, metrics=[{"loss": 2.0}])
    discovery.full(active_root())
    catch_up_all(active_root())
    append_metrics(store, "vision", "resnet", late, [{"loss": 3.0}], time.time())
    newest = make_run(store, metrics=[{"loss": 4.0}])
    discovery.full(active_root())
    catch_up_all(active_root())
    assert [losses(run_id) for run_id in (late, new, newest)] == [[3.0], [2.0], [4.0]]
    assert {folder.rpartition("/")[2] for folder in looked} == {late, new, newest}


def test_a_busy_run_is_left_alone_many_times_as_long_as_it_took(
    store: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "SHARE", 100_000)
    wide = {f"metric/{i}": 0.5 for i in range(300)}
    run_id = make_run(store, status="running", metrics=[wide])
    discovery.full(active_root())
    began = time.thread_time()
    catch_up_all(active_root())
    took = time.thread_time() - began
    (ingest_round,) = catch_up._rounds.values()
    pk = Run.objects.get(run_id=run_id).pk
    assert 0 < ingest_round._due[pk] - time.monotonic() <= schedule.SHARE * took


def test_one_bad_folder_does_not_delay_others(store: Path, make_run: MakeRun, tmp_path: Path) -> None:
    outside = make_run(store, metrics=[{"loss": 1.0}])
    pipe = make_run(store)
    good = make_run(store, metrics=[{"loss": 2.0}])
    discovery.full(active_root())
    os.mkfifo(next(store.glob(f"*/*/runs/{pipe}")) / "events.jsonl")
    folder = next(store.glob(f"*/*/runs/{outside}"))
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    catch_up_all(active_root())
    assert losses(good) == [2.0]
    assert losses(outside) == []
    assert backlog(active_root())["runs"] == 0


def test_a_journal_that_is_a_link_is_not_read(store: Path, make_run: MakeRun, tmp_path: Path) -> None:
    run_id = make_run(store)
    secret = tmp_path / "secret.jsonl"
    secret.write_text('{"ts":1,"type":"metrics","data":{"loss":1,"global_step":1}}\n')
    (next(store.glob(f"*/*/runs/{run_id}")) / "events.jsonl").symlink_to(secret)
    discovery.full(active_root())
    catch_up_all(active_root())
    assert losses(run_id) == []


def test_a_round_stops_on_request(store: Path, make_run: MakeRun) -> None:
    for _ in range(3):
        make_run(store, metrics=[{"loss": 1.0}])
    discovery.full(active_root())
    stop = threading.Event()
    stop.set()
    catch_up_all(active_root(), stop)
    assert not Journal.objects.filter(offset__gt=0).exists()


def test_leftovers_of_a_replaced_journal_are_purged_after_a_kill(store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store, metrics=[{"loss": 1.0}] * 3)
    discovery.full(active_root())
    catch_up_all(active_root())
    run = Run.objects.get(run_id=run_id)
    # As after the commit that began a new generation: the journal's row has moved on, the old series are there.
    Journal.objects.filter(run=run).update(generation=2, offset=0, rows=0, size=0)
    catch_up._rounds.clear()
    catch_up_all(active_root())
    assert set(Series.objects.filter(run=run).values_list("generation", flat=True)) == {2}
    assert losses(run_id) == [1.0] * 3
    assert not Tail.objects.filter(series__generation=1).exists()
