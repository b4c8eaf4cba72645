"""Memory: growth of a viewer during repeated expensive requests, and whether 300 MB are enough.

For each route: the resident memory after 200 requests minus that after the first ones, and its peak during them minus
that before. Where the machine allows it (a writable memory cgroup), the same requests are sent to a viewer in a cgroup
of 300 MB.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import requests

from benchmarks.support.folders import write_run
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import line, workplace
from benchmarks.support.waiting import until

REQUESTS = int(os.environ.get("RUNICORN_BENCH_REQUESTS", "200"))
WARM = 5
AT_ONCE = 2
GROWTH_MB = 32.0
PEAK_MB = 64.0
CGROUP_MB = 300
STEPS, METRICS = 1000, 3000
"""Steps of the sparse run: 45 MB as JSON, as every row has every metric."""
FILLED = 5
TEXT_BYTES = 8 * 1024 * 1024
MB = 1024 * 1024
CGROUPS = Path("/sys/fs/cgroup")


def main() -> None:
    with workplace() as (root, home):
        routes = {what: path for what, path in fill(root).items() if chosen(what)}
        within_limits = measure(root, home / "free", routes)
        with cgroup(CGROUP_MB) as processes:
            if processes is None:
                print("No writable memory cgroup here: the viewer was not tried with 300 MB")
            else:
                within_limits &= confined(root, home / "confined", routes, processes)
    sys.exit(not within_limits)


def chosen(what: str) -> bool:
    """Return whether a route is measured: `python -m benchmarks.memory TEXT…` takes those with one of the texts."""
    return not sys.argv[1:] or any(text in what for text in sys.argv[1:])


def fill(root: Path) -> dict[str, str]:
    """Write a store with wide, long and wordy runs; return the expensive routes by their content."""
    wide, wordy, long = (write_run(root, "bench", name, metrics=[]) for name in ("wide", "wordy", "long"))

    def journal(name: str, run_id: str) -> Path:
        return root / "bench" / name / "runs" / run_id / "events.jsonl"

    with journal("wide", wide).open("w") as lines:
        for step in range(STEPS):
            values = {f"metric_{(step * FILLED + i) % METRICS:04}": step / (i + 1) for i in range(FILLED)}
            lines.write(record(step, values))
    with journal("long", long).open("w") as lines:
        for step in range(100_000):
            lines.write(record(step, {f"m{i}": (step * (i + 7)) % 1009 / 7 for i in range(8)}))
    folder = journal("wordy", wordy).parent
    (folder / "summary.json").write_text(json.dumps({"text": "x" * TEXT_BYTES}))
    (folder / "logs.txt").write_text("y" * TEXT_BYTES + "\n")
    return {
        "rows of 3,000 metrics": f"/api/runs/{wide}/metrics_step",
        "rows of 3,000 metrics, downsampled": f"/api/v2/experiments/{wide}/metrics/fast?downsample=1000",
        "rows of 100,000 steps": f"/api/runs/{long}/metrics_step",
        "series of 3,000 metrics": f"/api/v2/experiments/{wide}/series",
        "series of 100,000 steps": f"/api/v2/experiments/{long}/series?points=50000",
        "series of runs": f"/api/v2/series?ids={long},{wide}&points=2000",
        "a summary of 8 MiB": f"/api/runs/{wordy}",
        "a log line of 8 MiB": f"/api/runs/{wordy}/logs",
    }


def record(step: int, values: dict[str, float]) -> str:
    data = {"global_step": step, "time": 1.7e9 + step, **values}
    return json.dumps({"ts": 1.7e9 + step, "type": "metrics", "data": data}) + "\n"


def start(root: Path, home: Path) -> Viewer:
    """Start a viewer, and wait until everything is ingested."""
    viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
    runs = until(lambda: viewer.get("/api/runs").json())
    for run in runs:
        until(
            lambda run=run: "X-Ingest-Pending" not in viewer.get(f"/api/runs/{run['id']}/progress").headers,
            timeout=300,
        )
    return viewer


def ask(viewer: Viewer, path: str) -> int:
    """Read a response to its end without storing it; return its status."""
    with requests.get(viewer.url + path, stream=True, timeout=600) as answer:
        for _ in answer.iter_content(MB):
            pass
        return answer.status_code


def ask_often(viewer: Viewer, path: str, times: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as clients:
        statuses = set(clients.map(lambda _: ask(viewer, path), range(times)))
    assert statuses <= {200}, (path, statuses)


def measure(root: Path, home: Path, routes: dict[str, str]) -> bool:
    """Print growth and peak of each route."""
    viewer = start(root, home)
    within_limits = True
    try:
        process = psutil.Process(viewer.process.pid)
        for what, path in routes.items():
            before = process.memory_info().rss
            forget_peak(process.pid)
            began = time.perf_counter()
            ask_often(viewer, path, WARM)
            warm = process.memory_info().rss
            ask_often(viewer, path, REQUESTS)
            took = (time.perf_counter() - began) / (REQUESTS + WARM)
            growth, peak = process.memory_info().rss - warm, peak_of(process.pid) - before
            within_limits &= line(
                f"{what}: growth ({took * 1000:.0f} ms a request)", growth / MB, "MB", GROWTH_MB
            )
            within_limits &= line(f"{what}: peak", peak / MB, "MB", PEAK_MB)
    finally:
        viewer.stop()
    return within_limits


def forget_peak(pid: int) -> None:
    """Reset the kernel's peak memory counter of a process."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_of(pid: int) -> int:
    """Return the peak resident memory of a process in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(row for row in status.splitlines() if row.startswith("VmHWM")).split()[1]) * 1024


@contextmanager
def cgroup(megabytes: int) -> Iterator[Path | None]:
    """Yield the file of processes of a memory cgroup, or None if none can be created."""
    v2 = (CGROUPS / "cgroup.controllers").exists()
    folder = (CGROUPS if v2 else CGROUPS / "memory") / f"runicorn-bench-{os.getpid()}"
    try:
        folder.mkdir()
        limit = folder / ("memory.max" if v2 else "memory.limit_in_bytes")
        limit.write_text(str(megabytes * MB))
    except OSError:
        yield None
        return
    try:
        yield folder / "cgroup.procs"
    finally:
        with suppress(OSError):
            folder.rmdir()


def confined(root: Path, home: Path, routes: dict[str, str], processes: Path) -> bool:
    """Request every route from a viewer in the cgroup; return whether it survives."""
    viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off")
    try:
        processes.write_text(str(viewer.process.pid))
        viewer.wait_until_it_answers()
        until(lambda: len(viewer.get("/api/runs").json()) == 3)
        for path in routes.values():
            ask_often(viewer, path, max(10, REQUESTS // 10))
        lives = viewer.process.poll() is None
    except (requests.RequestException, AssertionError) as error:
        print(f"in a cgroup of {CGROUP_MB} MB: {error}")
        lives = False
    finally:
        viewer.stop()
    print(f"in a cgroup of {CGROUP_MB} MB the viewer {'answers everything' if lives else 'FAILS'}")
    return lives


if __name__ == "__main__":
    main()
