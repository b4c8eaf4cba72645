"""Queries of V2 over very many runs, over HTTP from a real viewer, compared with the cheapest route, `/api/health`.

100,000 runs are real folders, listed by the viewer's own discovery; a million are rows alone. Also: a page far down,
the deletion of 1,000 runs compared with writing the same files, and the list compared with a scan of the folders.

Usage: python -m benchmarks.query [runs with folders] [runs as rows alone, 0 for none]
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from benchmarks.runs_list import add_metrics, listing_times, wait_until_read, write_store
from benchmarks.support import rows
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import alternating, line, use_store, viewer, workplace

FOLDERS, ROWS = 100_000, 1_000_000
SCANNED = 10_000
DELETED = 1000
REQUESTS = 40
IDLE_SECONDS, WINDOWS = 48.0, 8
TIMES, TIMES_OF_ROWS = 8.0, 20.0
TIMES_DEEP = 20.0
TIMES_DELETED = 3.0
HEALTH = "/api/health"
LIST = "/api/v2/experiments?per_page=50"
ASKED = {
    "newest": "",
    "three filters": "&project=project-3&status=finished&tags=baseline",
    "search, common": "&search=experiment",
    "search, rare": "&search=experiment-77 00aa",
    "sorted by any metric": "&order_by=metric.val/loss.last&order_desc=false",
    "where, two conditions": "&where=config.optimizer = adam and metric.val/accuracy.best > 0.9",
    "where, two conditions, sorted by one": (
        "&where=config.optimizer = adam and metric.val/accuracy.best > 0.9&order_by=metric.val/accuracy.best"
    ),
    "where, rare": "&where=config.lr = 0.399 and metric.val/accuracy.best > 0.99",
}
NEVER_TWICE = {
    "where, two conditions for half": "config.lr < 0.2 and metric.val/loss.last < 0.5",
    "where, a half and a tenth": "config.optimizer = adam and metric.val/accuracy.best > 0.9",
    "where, three conditions, rare": "config.lr < 0.01 and tags contains baseline and metric.val/accuracy.best > 0.9",
    "where, one or the other": "config.lr < 0.2 or metric.val/loss.last < 0.5",
    "where, one and not the other": "config.lr < 0.2 and not metric.val/loss.last < 0.5",
}
"""Each query ends in a number of its own, so that no result is cached."""


def p50(session: requests.Session, addresses: Callable[[], str]) -> float:
    """Return the median of many requests in milliseconds."""
    measured = []
    for _ in range(REQUESTS):
        address, began = addresses(), time.perf_counter()
        answer = session.get(address)
        measured.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
    return statistics.median(measured)


def compare(
    url: str,
    ids: list[str],
    times: float,
    deep: int,
    times_deep: float | None,
    cpu: Callable[[], float] | None = None,
) -> bool:
    """Print the median of each query and its ratio to the cheapest route; return whether the limits are met.

    Args:
        url: the address of the viewer.
        ids: runs.
        times: the limit of each ratio.
        deep: a page far down.
        times_deep: the limit of its ratio.
        cpu: the CPU seconds until now of all processes that answer. Then the ratio of their CPU times is limited, since
            several processes that share busy cores wait for each other.
    """
    one_of = itertools.cycle(ids)
    numbers = itertools.count()
    cases: dict[str, Callable[[], str]] = {"health": lambda: f"{url}{HEALTH}"}
    cases |= {name: lambda query=query: f"{url}{LIST}{query}" for name, query in ASKED.items()}  # type: ignore[misc]
    cases |= {
        f"{name}, never asked before": lambda where=where: f"{url}{LIST}&where={where}{next(numbers):09d}"  # type: ignore[misc]
        for name, where in NEVER_TWICE.items()
    }
    cases["one experiment"] = lambda: f"{url}/api/v2/experiments/{next(one_of)}"
    cases[f"page {deep:,}"] = lambda: f"{url}{LIST}&page={deep}"
    with requests.Session() as session:
        for address in cases.values():
            session.get(address()).raise_for_status()
        meter = Meter(cpu or time.process_time, IDLE_SECONDS if cpu else 0.01)
        measured = alternating(
            {
                name: lambda name=name, case=case: meter.note(name, p50, session, case)
                for name, case in cases.items()
            }
        )
    health = measured.pop("health")
    line("the cheapest route", health, "ms")
    limits = dict.fromkeys(measured, times) | {f"page {deep:,}": times_deep}
    if cpu is None:
        within_limits = [
            line(f"{name}: {ms:.2f} ms", ms / health, "times", limits[name]) for name, ms in measured.items()
        ]
        return all(within_limits)
    spent = {name: statistics.median(values) for name, values in meter.spent.items()}
    line("  its CPU", spent["health"], "ms")
    within_limits = []
    for name, ms in measured.items():
        line(f"{name}: {ms:.2f} ms", ms / health, "times")
        within_limits.append(
            line(f"  CPU: {spent[name]:.2f} ms", spent[name] / spent["health"], "times", limits[name])
        )
    return all(within_limits)


class Meter:
    """CPU milliseconds of each request, without those of the background work.

    Args:
        cpu: the CPU seconds of some processes until now.
        seconds: how long to measure the background work.
    """

    def __init__(self, cpu: Callable[[], float], seconds: float) -> None:
        self.cpu, self.spent = cpu, defaultdict[str, list[float]](list)
        # The least of several windows: a server that has just started has more to do.
        self.idle = min(self._idle(seconds / WINDOWS) for _ in range(WINDOWS))

    def _idle(self, seconds: float) -> float:
        began, before = time.perf_counter(), self.cpu()
        time.sleep(seconds)
        return (self.cpu() - before) / (time.perf_counter() - began)

    def note(self, name: str, measure: Callable[..., float], *arguments: Any) -> float:
        """Return `measure(*arguments)`, which sends `REQUESTS` requests."""
        began, before = time.perf_counter(), self.cpu()
        value = measure(*arguments)
        background = self.idle * (time.perf_counter() - began)
        self.spent[name].append((self.cpu() - before - background) / REQUESTS * 1000)
        return value


def deletion(url: str, root: Path, ids: list[str]) -> bool:
    """Delete runs through the API, and write the same markers directly; print the ratio."""
    from runicorn.store import layout

    alone, deleted = ids[:DELETED], ids[DELETED : 2 * DELETED]
    folders = {path.name: path for path in root.glob("*/*/runs/*")}
    marker = {"deleted_at": time.time(), "reason": "user_batch_delete", "original_status": "finished"}
    began = time.perf_counter()
    for run_id in alone:
        layout.write_json(folders[run_id] / layout.DELETED, marker)
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    answer = requests.post(f"{url}/api/v2/experiments/batch-delete", json={"exp_ids": deleted}, timeout=120)
    took = time.perf_counter() - began
    assert answer.json()["deleted"] == len(deleted), answer.text[:200]
    line(f"{len(alone):,} markers written directly", seconds * 1000, "ms")
    return line(
        f"{len(deleted):,} runs deleted: {took * 1000:.0f} ms", took / seconds, "times", TIMES_DELETED
    )


def scan(root: Path) -> list[dict[str, Any]]:
    """Return the newest 50 runs as a program without a database finds them, by reading every small file."""
    runs = []
    for folder in root.glob("*/*/runs/*"):
        run = {}
        for name in ("meta.json", "status.json", "summary.json"):
            run |= json.loads((folder / name).read_text(encoding="utf-8"))
        if not (folder / ".deleted").exists():
            runs.append(run | {"id": folder.name})
    return sorted(runs, key=lambda run: run["id"], reverse=True)[:50]


def against_a_scan(url: str, root: Path) -> None:
    """Print the duration of the list, and that of a scan of every folder."""
    with requests.Session() as session:
        session.get(f"{url}{LIST}").raise_for_status()
        list_ms = p50(session, lambda: f"{url}{LIST}")
        newest = [item["id"] for item in session.get(f"{url}{LIST}").json()["experiments"]]
    measured = []
    for _ in range(3):
        began = time.perf_counter()
        assert [run["id"] for run in scan(root)] == newest
        measured.append((time.perf_counter() - began) * 1000)
    scanned = statistics.median(measured)
    line(f"a scan of {SCANNED:,} folders", scanned, "ms")
    line(f"  and the list of V2: {list_ms:.2f} ms, faster by", scanned / list_ms, "times")


def with_folders(count: int) -> bool:
    with workplace() as (root, home):
        use_store(root, home)
        small = root.parent / "small"
        write_store(small, min(SCANNED, count))
        write_store(root, count)
        with viewer(small, home) as server:
            listing_times(server, min(SCANNED, count))
            against_a_scan(server.url, small)
        with viewer(root, home) as server:
            listing_times(server, count)
        add_metrics()
        since = time.time()
        ids = sorted((folder.name for folder in root.glob("*/*/runs/*")), reverse=True)
        print(f"-- {count:,} runs with folders")
        with viewer(root, home) as server:
            wait_until_read(root, since)
            within_limits = compare(server.url, ids[:400], TIMES, max(2, count // 100), TIMES_DEEP)
            return deletion(server.url, root, ids) and within_limits


def rows_alone(count: int, cpu: Callable[[Viewer], float] | None = None, **environment: str) -> bool:
    with workplace() as (root, home):
        use_store(root, home)
        began = time.perf_counter()
        ids = rows.fill(root, count)
        print(f"-- {count:,} runs as rows alone, made in {time.perf_counter() - began:.0f} s")
        with viewer(root, home, **environment) as server:
            all_cpu = None if cpu is None else lambda: cpu(server)
            return compare(server.url, ids, TIMES_OF_ROWS, max(2, count // 100), None, all_cpu)


def main() -> int:
    folders = int(sys.argv[1]) if len(sys.argv) > 1 else FOLDERS
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else ROWS
    within_limits = with_folders(folders) if folders else True
    if folders and rows:  # in another process, which opens another database
        alone = subprocess.run([sys.executable, "-m", "benchmarks.query", "0", str(rows)], check=False)
        return 0 if within_limits and alone.returncode == 0 else 1
    within_limits = (rows_alone(rows) if rows else True) and within_limits
    return 0 if within_limits else 1


if __name__ == "__main__":
    sys.exit(main())
