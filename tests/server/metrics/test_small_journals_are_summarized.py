"""Small journals of ended runs: lists know their statistics without their points, which come when somebody looks."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alerts.judging import rule_set
from alerts.models import AlertEvent, AlertRule
from metrics.ingest import catch_up, schedule, summaries
from metrics.ingest.catch_up import backlog, catch_up_all
from metrics.ingest.journal_summary import metric_stats
from metrics.models import Journal, Series
from metrics.pages.panels import sparklines
from metrics.query import series
from runicorn.store.journal.checksums import seal
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run, RunMetric
from tests.folders import append_metrics, folder_of
from tests.large import many
from tests.server.metrics.agreement import rows_of
from tests.server.runs.conftest import row

MakeRun = Callable[..., str]
STATISTICS = [
    field.name for field in RunMetric._meta.concrete_fields if field.name not in ("id", "root", "run")
]
RUN_FIELDS = (
    "last_step",
    "updated",
    "journal_records",
    "journal_problems",
    "best_metric_value",
    "best_score",
)


@pytest.fixture(autouse=True)
def fresh_rounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(schedule, "SLICE_SECONDS", 60.0)
    monkeypatch.setattr(schedule, "NEW_RUNS_SECONDS", 0.0)
    catch_up._rounds.clear()
    yield
    catch_up._rounds.clear()


def index() -> None:
    discovery.full(active_root())
    catch_up_all(active_root())


def statistics(run_id: str) -> tuple[Any, ...]:
    """What lists know of a run by its journal."""
    metrics = RunMetric.objects.filter(run__run_id=run_id).order_by("key").values_list(*STATISTICS)
    return list(metrics), Run.objects.values_list(*RUN_FIELDS).get(run_id=run_id)


def sweep_again() -> None:
    """Look at all journals, as happens every few minutes."""
    (rounds,) = catch_up._rounds.values()
    rounds._next_sweep = 0.0
    catch_up_all(active_root())


def test_a_small_run_is_listed_with_its_metrics_and_without_points(store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store, metrics=[{"loss": 2.0, "acc": 1}, {"loss": 0.5}, {"loss": 1.0}])
    index()
    sweep_again()
    assert not Journal.objects.exists() and not Series.objects.exists()
    assert backlog(active_root())["runs"] == 0
    before = statistics(run_id)
    assert [metrics[0] for metrics in before[0]] == ["acc", "loss"]
    assert catch_up.catch_up(row(run_id)) == 0
    assert [values.get("loss") for values in rows_of(series.rows_by_step(row(run_id)))] == [2.0, 0.5, 1.0]
    assert statistics(run_id) == before
    assert row(run_id).summarized_bytes is None


def value(random: Random) -> Any:
    plain = [random.random(), -random.random() * 1e6, random.randrange(-9, 9), 0.0]
    odd = [math.nan, math.inf, -math.inf, True, None, "words", 2**60, 2**70, 1e308, [1], -0.0, 2**53 + 1]
    return random.choice(plain if random.random() < 0.9 else odd)


def lines(random: Random) -> Iterator[bytes]:
    """Yield lines of a journal, most of them as the SDK writes them."""
    names = ["loss", "acc", "val/loss", "x" * 300, "n\0n", "step", "stage"]
    for step in range(random.randrange(1, 30)):
        data = {random.choice(names[: random.randrange(2, 8)]): value(random) for _ in range(3)}
        data |= {"global_step": step, "time": 1.7e9 + step}
        if random.random() < 0.02:
            data |= random.choice(
                [{"global_step": None}, {"global_step": "7"}, {"time": "now"}, {"time": 1e300}]
            )
        record = json.dumps(
            {"ts": 1.7e9, "type": random.choice(["metrics"] * 5 + ["system", "x"]), "data": data}
        )
        odd = [b"\n", b"{\n", record.encode()[:-9] + b'9"}\n', b"[1]\n", b'{"type":"metrics","data":1}\n']
        yield random.choice(odd) if random.random() < 0.01 else seal(record.encode())


def test_a_summary_is_that_of_all_points(tmp_path: Path) -> None:
    for seed in many(range(150)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "events.jsonl").write_bytes(b"".join(lines(Random(seed))))
        summary = summaries.read_summary(str(folder))
        if summary is not None:
            expected = metric_stats(folder)
            assert summary.stats.keys() == expected.keys(), seed
            assert repr(summary.stats) == repr({name: expected[name] for name in summary.stats}), seed


@pytest.mark.parametrize("seed", range(10))
def test_rows_of_a_summary_are_those_of_the_ingest(
    store: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    random = Random(1000 + seed)
    summary = random.choice(
        [{"best_metric_name": "loss"}, {"best_metric_name": "acc", "best_metric_value": 3}, {}]
    )
    run_id = make_run(store, metrics=[], summary=summary)
    (folder_of(store, run_id) / "events.jsonl").write_bytes(b"".join(lines(random)))
    index()
    of_summary = statistics(run_id)
    Run.objects.all().delete()
    monkeypatch.setattr(summaries, "SMALL_BYTES", 0)
    discovery.forget(active_root())
    catch_up._rounds.clear()
    index()
    assert repr(statistics(run_id)) == repr(of_summary)


def test_a_summarized_run_that_grows_is_ingested(store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store, metrics=[{"loss": 2.0, "only": 1.0}])
    index()
    append_metrics(store, "vision", "resnet", run_id, [{"loss": 1.0, "global_step": 2}], time.time())
    sweep_again()
    assert row(run_id).journal_records == 2 and Series.objects.filter(run__run_id=run_id).exists()


def test_metrics_of_a_replaced_small_journal_are_forgotten(store: Path, make_run: MakeRun) -> None:
    run_id = make_run(store, metrics=[{"old": 2.0}])
    index()
    (folder_of(store, run_id) / "events.jsonl").unlink()
    append_metrics(store, "vision", "resnet", run_id, [{"new": 1.0, "global_step": 1}] * 3, time.time())
    sweep_again()
    assert list(RunMetric.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.parametrize("why", ["running", "large", "alert", "no newline", "link"])
def test_other_journals_are_ingested_with_their_points(
    store: Path, make_run: MakeRun, tmp_path: Path, why: str
) -> None:
    count = 2_000 if why == "large" else 1
    run_id = make_run(
        store, status="running" if why == "running" else "finished", metrics=[{"loss": 2.0}] * count
    )
    journal = folder_of(store, run_id) / "events.jsonl"
    if why == "alert":
        with journal.open("a") as file:
            file.write(json.dumps({"ts": time.time(), "type": "alert", "data": {"title": "Oops"}}) + "\n")
    elif why == "no newline":
        journal.write_bytes(journal.read_bytes().rstrip())
    elif why == "link":
        journal.rename(tmp_path / "secret")
        journal.symlink_to(tmp_path / "secret")
    index()
    assert row(run_id).summarized_bytes is None
    assert Series.objects.exists() == (why != "link")
    assert AlertEvent.objects.exists() == (why == "alert")


def test_points_that_a_rule_may_judge_are_ingested(store: Path, make_run: MakeRun) -> None:
    when = {"kind": "nan", "metric": "loss"}
    AlertRule.objects.create(name="NaN", when=when, created_at=1.0, changed_at=time.time() - 100)
    rule_set.forget()
    old = make_run(store, metrics=[{"loss": math.nan}], created_at=time.time() - 5000)
    new = make_run(store, metrics=[{"loss": math.nan}], created_at=time.time() - 50)
    index()
    assert row(old).summarized_bytes is not None and row(new).summarized_bytes is None
    assert [event.run.run_id for event in AlertEvent.objects.all() if event.run] == [new]
    rule_set.forget()


def test_a_summarized_run_has_the_sparkline_of_its_points(store: Path, make_run: MakeRun) -> None:
    values = [{"loss": math.sin(step) if step != 7 else math.nan} for step in range(100)]
    run_id = make_run(store, metrics=values, summary={"best_metric_name": "loss"})
    index()
    primary = {row(run_id).pk: "loss"}
    summarized = sparklines(primary)
    assert os.path.getsize(folder_of(store, run_id) / "events.jsonl") <= summaries.SMALL_BYTES
    assert row(run_id).summarized_bytes is not None
    catch_up.catch_up(row(run_id))
    assert sparklines(primary) == summarized and summarized[row(run_id).pk].count(",") > 20
