"""`kill -9` at any moment of the first index of many small runs: the next viewer completes it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from random import Random

from metrics.ingest.journal_summary import metric_stats
from tests.folders import write_run
from tests.processes import Viewer
from tests.waiting import until

RUNS, RECORDS, KILLS = 2_500, 20, 2
METRICS = ("train/loss", "val/loss", "accuracy")
INDEXED = "SELECT count(*) FROM runs_run WHERE signature <> '' AND journal_records = ?"


def count(database: Path, sql: str, *values: object) -> int:
    """Return a number from the database of another process; 0 while it has no tables."""
    if not database.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=30)) as reader:
            return int(reader.execute(sql, values).fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_a_first_index_that_is_killed_repeatedly_completes(folder: Path, home: Path) -> None:
    database, random = home / "data" / "runicorn.sqlite3", Random(5)
    for number in range(RUNS):
        metrics = [{name: random.random() for name in METRICS} for _ in range(RECORDS)]
        config = {"lr": random.random(), "seed": number}
        write_run(folder, name=f"n{number % 9}", metrics=metrics, config=config, created_at=1.7e9 + number)
    killed_within = 0
    for _ in range(KILLS):
        before = count(database, INDEXED, RECORDS)
        viewer = Viewer(folder, home)
        until(
            lambda before=before: (
                count(database, "SELECT count(*) FROM runs_run") > 0
                and count(database, INDEXED, RECORDS) >= before
            )
        )
        time.sleep(random.random() / 2)  # somewhere in the work that follows
        viewer.kill()
        killed_within += count(database, INDEXED, RECORDS) < RUNS
    assert killed_within, "it was never killed in the middle"
    viewer = Viewer(folder, home).wait_until_it_answers()
    try:
        until(lambda: count(database, INDEXED, RECORDS) == RUNS, timeout=300)
        for metric in METRICS:
            where = f"metric.{metric}.last >= 0 and metric.{metric}.min <= 1"
            answer = viewer.get("/api/v2/experiments", params={"per_page": 1, "where": where}).json()
            assert answer["total"] == RUNS
    finally:
        viewer.stop()
    assert count(database, "SELECT count(*) FROM runs_runmetric") == RUNS * len(METRICS)
    assert count(database, "SELECT count(*) FROM runs_runparam") == RUNS * 2
    with closing(sqlite3.connect(database)) as closed:
        assert closed.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = closed.execute(
            "SELECT run.folder, metric.key, metric.last, metric.minimum, metric.minimum_step, metric.maximum,"
            " metric.maximum_step, metric.count FROM runs_runmetric metric JOIN runs_run run ON run.id = metric.run_id"
            " WHERE run.id % 37 = 0"
        ).fetchall()
    assert len(rows) > len(METRICS) * RUNS // 40
    for run, key, *values in rows:
        stats = metric_stats(folder / run)[key]
        expected = [
            stats.last,
            stats.minimum,
            stats.minimum_step,
            stats.maximum,
            stats.maximum_step,
            stats.count,
        ]
        assert values == expected
