"""Measure the command line and data frames on a store of many small runs, with and without a viewer.

Each command is a process of its own. The first `ls` and the first frame of a store read the files of all runs; what they
read of ended runs is kept for the next one, whose time has the limit. Beside the wall time stand the CPU time, which
a busy machine changes less, and the ratio to the limit.

Usage: python -m benchmarks.cli [runs]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.support.processes import environment
from benchmarks.support.rounds import viewer, workplace
from benchmarks.support.small_runs import write_small_runs
from benchmarks.support.waiting import until

RUNS = 10_000
WITH_POINTS = 1000
ROUNDS = 5
METRIC = "val/loss"


class Cost(NamedTuple):
    """Seconds of a command: on the clock, and of the CPU."""

    wall: float
    cpu: float


def main() -> None:
    """Print each command with its limit; exit with 1 if one is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with workplace() as (root, home):
        write_small_runs(root, count)
        few = root.parent / "few"
        write_small_runs(few, min(count, WITH_POINTS))
        _let_folders_settle()
        own = environment(home)
        os.environ.update(own)
        results = [
            report("python -c pass", best(lambda: run([sys.executable, "-c", "pass"], own)), None),
            report("runicorn --help", best(lambda: command(own, "--help")), 0.2),
        ]
        listing = ("ls", "--storage", str(root))
        report(f"ls of {count:,} runs, the first", command(own, *listing), None)
        results.append(report(f"ls of {count:,} runs", best(lambda: command(own, *listing)), 0.6))
        sort = (*listing, "--sort", f"metric.{METRIC}.last", "--limit", "5")
        report(f"ls of {count:,} runs sorted by a metric, the first", command(own, *sort), None)
        report(f"ls of {count:,} runs sorted by a metric", best(lambda: command(own, *sort)), None)
        results.append(report(f"frame of {count:,} runs", best(lambda: frame(root)), 0.5))
        statement = f"SELECT run_id, step, value FROM points WHERE name = '{METRIC}'"
        points = ("sql", statement, "--csv", "--storage", str(few))
        results.append(report(f"points of one metric of {WITH_POINTS:,} runs", command(own, *points), 2.0))
        with viewer(root, home) as server:
            until(lambda: server.get("/api/v2/experiments?per_page=1").json()["total"] >= count)
            arguments = ("ls", "--url", server.url)
            results.append(
                report(f"ls of {count:,} runs by a viewer", best(lambda: command(own, *arguments)), 0.3)
            )
    sys.exit(not all(results))


def command(own: dict[str, str], *words: str) -> Cost:
    """Run a command in a process of its own."""
    return run([sys.executable, "-m", "runicorn", *words], own)


def run(words: Sequence[str], own: dict[str, str]) -> Cost:
    """Run a program to its end."""
    return measured(lambda: subprocess.run(words, env=own, stdout=subprocess.DEVNULL, check=True))


def frame(root: Path) -> Cost:
    """Read a data frame with the statistics of all runs; the import of pandas is not counted."""
    import pandas  # noqa: F401

    import runicorn as rn

    return measured(lambda: rn.runs(storage=root))


def measured(do: Callable[[], object]) -> Cost:
    """Return what a call costs, its child processes included."""
    before, start = _cpu(), time.perf_counter()
    do()
    return Cost(time.perf_counter() - start, _cpu() - before)


def best(measure: Callable[[], Cost]) -> Cost:
    """Return the least of several rounds: the machine adds to the others."""
    costs = [measure() for _ in range(ROUNDS)]
    return Cost(min(cost.wall for cost in costs), min(cost.cpu for cost in costs))


def report(what: str, cost: Cost, limit: float | None) -> bool:
    """Print the cost of a command; return whether it keeps its limit."""
    ratio = "" if limit is None else f"   {cost.wall / limit:5.2f} x the limit of {limit:g} s"
    verdict = "" if limit is None else "   kept" if cost.wall <= limit else "   MISSED"
    print(f"{what:<46} {cost.wall:7.3f} s, CPU {cost.cpu:7.3f} s{ratio}{verdict}", flush=True)
    return limit is None or cost.wall <= limit


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _let_folders_settle() -> None:
    # The reader keeps only what it read of folders older than two seconds.
    time.sleep(2.1)


if __name__ == "__main__":
    main()
