"""Comparison of all runs of a query: density, quantiles, best and worst, over HTTP from a real viewer.

Rows of runs without folders, each with the points of one metric. Cold is the first answer, which reads every point; warm
are those of other questions about the same curves, and of one more point of one run.

Usage: python -m benchmarks.compare [runs] [points]
"""

from __future__ import annotations

import itertools
import secrets
import sys
import time
from pathlib import Path

import requests

from benchmarks.chart import ask
from benchmarks.support import rows
from benchmarks.support.rounds import line, use_store, viewer, workplace

SECONDS, MEGABYTES = 1.5, 2.0
ROUNDS = 5


def main(runs: int, points: int) -> bool:
    """Print seconds and size; return whether the limits are met."""
    with workplace() as (root, home):
        fill(root, home, runs, points)
        numbers = itertools.count()
        with viewer(root, home) as server, requests.Session() as session:
            base = f"{server.url}/api/v2/series/distribution?where=created_at%20exists&names=val/loss&density=100&x=step"
            session.get(f"{server.url}/api/health", timeout=60).raise_for_status()

            def request(query: str = "") -> str:
                # A parameter of its own, so that no answer is remembered.
                return f"{base}{query}&_={next(numbers)}"

            cold, unread = 0.0, runs
            while unread:
                began = time.perf_counter()
                answer = session.get(request(), timeout=120)
                cold += time.perf_counter() - began
                content = answer.json()
                unread = content["unread"]
            assert content["matching"] == runs
            assert max(content["metrics"][0]["groups"][0]["statistics"]["count"]) == runs
            warm = sorted(ask(session, request()) for _ in range(ROUNDS))[ROUNDS // 2]
            grouped = sorted(
                ask(session, request("&group_by=config.optimizer&members=50")) for _ in range(ROUNDS)
            )
    line(f"{runs:,} runs of {points} points, until every point was read", cold, "s")
    size = line("one answer", len(answer.content) / 1e6, "MB", MEGABYTES)
    quick = line("the same runs again", warm / 1000, "s", SECONDS)
    return line("in groups", grouped[ROUNDS // 2] / 1000, "s", SECONDS) and quick and size


def fill(root: Path, home: Path, runs: int, points: int) -> None:
    """Create the rows of the runs and of their points."""
    use_store(root, home)
    import numpy as np

    from metrics.models import Journal, Series, Tail
    from metrics.store import codec
    from metrics.store.columns import FLOAT, Values
    from metrics.store.lanes import Lane
    from metrics.store.points import Points
    from runs.models import Run

    rows.fill(root, runs)
    random = np.random.default_rng(7)
    steps = np.arange(points)
    keys = list(Run.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), 1000):
        some = keys[start : start + 1000]
        Journal.objects.bulk_create(Journal(run_id=key, rows=points, offset=1, size=1) for key in some)
        made, tails = [], []
        for key in some:
            curve = np.exp(-steps / random.uniform(50, 400)) * random.uniform(1, 3) + random.normal(
                0, 0.02, points
            )
            made.append(
                Series(
                    run_id=key,
                    generation=1,
                    lane=Lane.METRIC,
                    name="val/loss",
                    uid=secrets.randbits(62),
                    kinds=FLOAT,
                    count=points,
                    minimum=curve.min(),
                    maximum=curve.max(),
                    last=curve[-1],
                    first_step=0,
                    top_step=points - 1,
                    first_time=1.7e9,
                    last_time=1.7e9 + points,
                    pending=points,
                    tail_count=1,
                )
            )
            values = Values(FLOAT, curve.view(np.int64))
            packed = Points(steps, steps, 1.7e9 + steps * 0.25, values, Values.nothing(points))
            tails.append(codec.encode(packed))
        Series.objects.bulk_create(made)
        ids = Series.objects.filter(run__in=some).order_by("run_id").values_list("pk", flat=True)
        Tail.objects.bulk_create(
            Tail(series_id=pk, first_row=0, count=points, data=data)
            for pk, data in zip(ids, tails, strict=True)
        )


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    sys.exit(not main(*(given + [10_000, 500][len(given) :])))
