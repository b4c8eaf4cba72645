"""The first index of many small runs that were copied into a store: until lists, metrics and filters know all of them.

Also the CPU time of the viewer, the size of its database, and the largest size of its WAL.

Usage: python -m benchmarks.first_index [runs]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.idle import processor_seconds
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import line, viewer, workplace
from benchmarks.support.small_runs import write_small_runs

RUNS = 10_000
SECONDS = {10_000: 12.0, 100_000: 150.0}
BYTES_PER_RUN, WAL_MB = 3_000, 16.0
MB = 1e6
CONDITIONS = ("metric.val/loss.last>=0", "metric.train/accuracy.max>=0", "config.batch=32", "config.lr>=0")


def main(runs: int) -> bool:
    with workplace() as (root, home):
        write_small_runs(root, runs)
        began = time.perf_counter()
        with viewer(root, home) as server:
            answered = time.perf_counter()
            wal = largest_wal(server, home, runs)
            took = time.perf_counter() - answered
            processor = processor_seconds(server.process.pid)
        size = sum(path.stat().st_size for path in (home / "data").rglob("runicorn.sqlite3*"))
    line("start to the first answer", answered - began, "s")
    within_limits = line(
        f"{runs:,} small runs known to lists, metrics, filters", took, "s", SECONDS.get(runs)
    )
    line("  CPU time of the viewer since its start", processor, "s")
    limit = (
        BYTES_PER_RUN * runs / MB if runs in SECONDS else None
    )  # a few runs have hardly more than empty tables
    within_limits &= line("  database", size / MB, "MB", limit)
    return within_limits & line("  WAL at most", wal / MB, "MB", WAL_MB)


def largest_wal(server: Viewer, home: Path, runs: int) -> int:
    """Wait until every condition finds all runs; return the largest size of the WAL in bytes meanwhile."""
    largest, remaining = 0, list(CONDITIONS)
    while remaining:
        sizes = [path.stat().st_size for path in (home / "data").rglob("*.sqlite3-wal")]
        largest = max(largest, *sizes, 0)
        answer = server.get("/api/v2/experiments", params={"per_page": 1, "where": remaining[0]}).json()
        if answer["total"] == runs:
            del remaining[0]
        else:
            time.sleep(0.1)
    return largest


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
