"""Ingest of a journal into committed tiles: 1 M steps of 5 metrics, compared with reading and parsing the file alone.

Usage: python -m benchmarks.ingest [steps]
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

from benchmarks.support.journals import link_run, write_journal
from benchmarks.support.rounds import alternating, line, use_store, workplace

LIMIT = 4.0
METRICS = [f"metric/{i}" for i in range(5)]


def main(steps: int) -> bool:
    with workplace() as (root, home):
        use_store(root, home)
        journal = write_journal(root / "journal", [range(1, steps + 1)], METRICS)
        measured = alternating(
            {"parse": lambda: parse_alone(journal), "ingest": lambda: ingest(root, journal)}
        )
    points = steps * len(METRICS)
    line(f"reading and parsing {steps:,} lines joined", measured["parse"], "s")
    line("journal to committed tiles", measured["ingest"], "s")
    line("points per second, committed", points / measured["ingest"] / 1e6, "M/s")
    return line("ingest against parsing alone", measured["ingest"] / measured["parse"], "x", LIMIT)


def parse_alone(journal: Path) -> float:
    """Return the seconds to read the file and parse its lines as one array."""
    import orjson

    gc.collect()
    began = time.perf_counter()
    events = orjson.loads(b"[" + b",".join(journal.read_bytes().split(b"\n")[:-1]) + b"]")
    took = time.perf_counter() - began
    assert events[-1]["type"] == "metrics"
    return took


def ingest(root: Path, journal: Path) -> float:
    """Return the seconds to ingest the journal as a new run, with everything committed."""
    from metrics.ingest.catch_up import catch_up
    from metrics.models import Series

    run = link_run(root, journal)
    gc.collect()
    began = time.perf_counter()
    assert catch_up(run, wait=3600) == 0
    took = time.perf_counter() - began
    assert {series.count for series in Series.objects.filter(run=run)} == {journal_lines(journal)}
    return took


def journal_lines(journal: Path) -> int:
    with journal.open("rb") as lines:
        return sum(1 for _ in lines)


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
