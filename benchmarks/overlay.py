"""One metric of 50 runs of 1 M points each, 500 points per run in one response, over HTTP from a real viewer.

Compared with one request per run, and with an empty view. The points of one run are ingested from its journal; the
others have the same journal under another name and get copies of its rows, which keeps the benchmark short. Every run
is still read from its own rows.

Usage: python -m benchmarks.overlay [points]
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import requests

from benchmarks.chart import ask, median
from benchmarks.support.journals import write_run
from benchmarks.support.rounds import alternating, line, use_store, viewer, workplace

RUNS, SHOWN = 50, 500
LIMIT, APART_LIMIT = 400.0, 1.0
IDS = [f"20260101_000000_{number:06x}" for number in range(RUNS)]


def main(points: int) -> bool:
    with workplace() as (root, home):
        fill(root, home, points)
        with viewer(root, home) as server, requests.Session() as session:
            empty = f"{server.url}/api/metrics/cache/stats"
            session.get(empty, timeout=60)
            together = f"{server.url}/api/v2/series?ids={','.join(IDS)}&names=loss&points={SHOWN}"
            apart = [f"{server.url}/api/v2/experiments/{run}/series?names=loss&points={SHOWN}" for run in IDS]
            cold = ask(session, together)
            check(session, together, points)
            cases: dict[str, Callable[[], float]] = {
                "empty": lambda: median(session, empty),
                "together": lambda: median(session, together),
                "grouped": lambda: median(session, f"{together}&group_by=config.lr"),
                "apart": lambda: sum(ask(session, address) for address in apart),
            }
            warm = alternating(cases)
    line("empty view", warm["empty"], "ms")
    line(f"{RUNS} runs of {points:,} points to {SHOWN} each, cold", cold, "ms")
    quick = line(f"{RUNS} runs of {points:,} points to {SHOWN} each, warm", warm["together"], "ms", LIMIT)
    summed = line("the same with the statistics of five groups, warm", warm["grouped"], "ms", LIMIT)
    line("warm against an empty view", warm["together"] / warm["empty"], "x")
    better = line("in one answer against one a run", warm["together"] / warm["apart"], "x", APART_LIMIT)
    return quick and summed and better


def fill(root: Path, home: Path, points: int) -> None:
    """Create the runs as folders, and their points as rows."""
    journal = write_run(root, IDS[0], [range(points)], ["loss"])
    for number, run_id in enumerate(IDS):
        folder = journal.parents[1] / run_id
        if number:
            shutil.copytree(journal.parent, folder, ignore=shutil.ignore_patterns("events.jsonl"))
            os.link(journal, folder / "events.jsonl")
            meta = (folder / "meta.json").read_text().replace(IDS[0], run_id)
            (folder / "meta.json").write_text(meta)
        (folder / "config.json").write_text(f'{{"lr": {(number % 5 + 1) / 1000}}}')
    use_store(root, home)
    from metrics.ingest.catch_up import catch_up
    from runs.active_root import active_root
    from runs.index import discovery
    from runs.models import Run

    discovery.full(active_root())
    runs = list(Run.objects.in_root(active_root()).order_by("run_id"))
    assert [run.run_id for run in runs] == IDS
    while catch_up(runs[0]):
        pass
    for run in runs[1:]:
        copy_rows(runs[0].pk, run.pk)


def copy_rows(source: int, target: int) -> None:
    """Give a run copies of the points of another."""
    from metrics.models import Journal, Series, Tail, Tile

    journal = Journal.objects.get(run=source)
    journal.pk, journal.run_id = None, target
    journal.save()
    for series in Series.objects.filter(run=source):
        rows = [list(kind.objects.filter(series=series).order_by("pk")) for kind in (Tail, Tile)]
        series.pk, series.run_id, series.uid = None, target, secrets.randbits(62)
        series.save()
        for kind, copies in zip((Tail, Tile), rows, strict=True):
            for copy in copies:
                copy.pk, copy.series_id = None, series.pk
            kind.objects.bulk_create(copies, batch_size=50)


def check(session: requests.Session, address: str, points: int) -> None:
    """Check that the response has the expected points."""
    answer = session.get(address, timeout=60)
    assert "X-Ingest-Pending" not in answer.headers
    entries = answer.json()["series"]
    assert [entry["id"] for entry in entries] == IDS
    for entry in entries:
        assert entry["count"] == points and 0.95 * SHOWN < len(entry["x"]) <= SHOWN, len(entry["x"])


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
