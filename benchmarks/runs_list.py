"""A page of 50 among very many runs, over HTTP from a real viewer, compared with the cheapest response.

The store has real folders, listed by the viewer's own discovery; the statistics of their metrics are inserted as rows,
as an ingest of that many journals would have done. Also: how long the first listing of a store takes, and pages of
10,000 runs for one client and for 16 at once, with the processor time of the server for each.

Usage: python -m benchmarks.runs_list [runs]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psutil
import requests

from benchmarks.support.load import load
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import alternating, line, use_store, viewer, workplace
from benchmarks.support.waiting import until

RUNS = 100_000
FIRST = 10_000
REQUESTS = 60
TIMES = 8.0
SECONDS = 3.0
LIST = "/api/v2/experiments"
EMPTY = "/api/metrics/cache/stats"
CHANGES = """
import sqlite3, time
database = sqlite3.connect({name!r}, isolation_level=None, timeout=20)
database.execute("PRAGMA wal_autocheckpoint=0")
while True:
    database.execute("UPDATE runs_storageroot SET opened_at = opened_at + 1")
    time.sleep(0.001)
"""
ASKED = {
    "newest": "",
    "project": "&project=project-3",
    "status (one in a hundred)": "&status=interrupted",
    "project and status": "&project=project-3&status=failed",
    "search, common": "&search=experiment",
    "search, rare": "&search=experiment-77 00aa",
    "search, short": "&search=xp",
    "sorted by best value": "&order_by=best_metric_value",
    "sorted by best value, lowest first": "&order_by=best_metric_value&order_desc=false",
    "sorted by any metric": "&order_by=metric.val/loss.last&order_desc=false",
    "sorted by a config value": "&order_by=config.lr",
    "sorted by any metric in a project": "&order_by=metric.val/loss.last&project=project-3",
    "sorted by name": "&order_by=name",
    "page 1,000": "&offset=49950",
}


def write_store(root: Path, count: int, first: int = 0) -> None:
    """Write folders of finished runs; runs with equal content share their files, because there are very many."""
    models = root.parent / f"models-{time.monotonic_ns()}"
    models.mkdir()
    for number in range(first, count):
        variant = number % 400
        project, name = f"project-{variant % 8}", f"experiment-{variant}"
        status = "interrupted" if variant % 100 == 7 else ("failed" if variant % 10 == 3 else "finished")
        started = 1_600_000_000 + number * 60
        stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime(started))
        folder = root / project / name / "runs" / f"{stamp}_{number:06x}"
        folder.mkdir(parents=True)
        tags = ["baseline"] if variant % 3 == 0 else []
        small = {
            "meta.json": {"project": project, "name": name, "hostname": "elsewhere", "pid": 1, "tags": tags},
            "status.json": {"status": status, "started_at": 1.6e9, "ended_at": 1.6e9 + variant},
            "config.json": {
                "lr": variant / 1000,
                "batch": 32,
                "optimizer": "adam" if variant % 2 else "sgd",
                "seed": variant,
            },
            "summary.json": {"best_metric_name": "accuracy", "best_metric_value": variant / 400},
        }
        for file, content in small.items():
            model = models / f"{variant}-{file}"
            if not model.exists():
                model.write_text(json.dumps(content))
            os.link(model, folder / file)


def listing_times(server: Viewer, count: int) -> tuple[float, float]:
    """Return the seconds from a viewer's first response until every run is listed, and until every run is read."""
    began, since = time.perf_counter(), time.time()
    until(lambda: total(server.url) >= count, timeout=600, pause=0.1)
    listing_seconds = time.perf_counter() - began
    wait_until_read(server.root, since)
    return listing_seconds, time.perf_counter() - began


def total(url: str) -> int:
    """Return the number of runs that the viewer knows."""
    return int(requests.get(f"{url}/api/runs?limit=0", timeout=60).headers["X-Total-Count"])


def wait_until_read(path: Path, since: float) -> None:
    """Wait until a viewer has scanned every folder once, so that later only the queries are measured."""
    from runs.models import StorageRoot

    def is_listed() -> bool:
        root = StorageRoot.objects.get(path=str(path))
        return (root.listed_at or 0.0) > since

    until(is_listed, timeout=1800, pause=0.2)


def use_root(path: Path) -> None:
    from runs.active_root import activate

    activate(path)


def add_metrics() -> None:
    """Insert four metrics for every run of the active root, as an ingest does."""
    from django.db import transaction

    from runs.active_root import active_root
    from runs.index import bulk
    from runs.models import Run, RunMetric

    random, root = Random(3), active_root()
    keys = list(Run.objects.in_root(root).values_list("pk", flat=True))
    fields = ("root", "run", "key", "count", "last", "minimum", "maximum", "best")
    for start in range(0, len(keys), 2000):
        rows = []
        for key in keys[start : start + 2000]:
            for name in ("val/loss", "val/accuracy", "train/loss", "lr"):
                value = random.random()
                rows.append((root.pk, key, name, 100, value, value / 2, value * 2, value))
        with transaction.atomic():
            bulk.insert(RunMetric, fields, rows)


def measure(session: requests.Session, address: str) -> float:
    """Return the milliseconds of one of many requests."""
    began = time.perf_counter()
    for _ in range(REQUESTS):
        answer = session.get(address)
        answer.raise_for_status()
    return (time.perf_counter() - began) / REQUESTS * 1000


def compare(url: str) -> bool:
    """Print each kind of page with its limit; return whether all limits are met."""
    with requests.Session() as session:
        cases = {name: f"{url}/api/runs?limit=50{query}" for name, query in ASKED.items()}
        for address in cases.values():
            session.get(address).raise_for_status()
        addresses = {"empty": f"{url}{EMPTY}"} | cases
        measured = alternating(
            {name: lambda address=address: measure(session, address) for name, address in addresses.items()}
        )
    empty = measured.pop("empty")
    line("the cheapest response", empty, "ms")
    within_limits = [
        line(f"{name}: {measured[name]:.2f} ms", measured[name] / empty, "times", TIMES) for name in cases
    ]
    return all(within_limits)


def compare_at_once(server: Viewer) -> bool:
    """Print pages of 10,000 runs under load beside their limits; return whether all limits are met."""
    place, pid = f"{LIST}?per_page=50", server.process.pid
    tag = server.get(place).headers["ETag"]
    cases = {
        "newest": (place, 3.0),
        "filtered by project and status": (f"{place}&project=project-3&status=failed", 3.5),
        "sorted by a metric": (f"{place}&order_by=metric.val/loss.last", 4.0),
        "/api/health": ("/api/health", 0.8),
    }
    within_limits = True
    for name, (path, limit) in cases.items():
        figures = load(server.port, pid, path, clients=1, seconds=SECONDS)
        within_limits &= line(f"{name}, one client", figures.milliseconds, "ms", limit)
    for name, headers, least in (("", {}, 600.0), (" with If-None-Match", {"If-None-Match": tag}, 2000.0)):
        figures = load(server.port, pid, place, clients=16, seconds=SECONDS, headers=headers)
        within_limits &= line(f"16 clients{name}", figures.per_second, "req/s", least, at_least=True)
        within_limits &= line(f"16 clients{name}: CPU of the server", figures.cpu, "ms", 1.6)
    for clients in (1, 16):
        with changing_rows(server):
            figures = load(server.port, pid, place, clients=clients, seconds=SECONDS)
        name = "one client" if clients == 1 else f"{clients} clients"
        within_limits &= line(f"{name} while rows change all the time: CPU", figures.cpu, "ms", 1.6)
    memory = psutil.Process(pid).memory_info().rss / 1e6
    return within_limits & line("memory after these lists", memory, "MB", 100.0)


@contextmanager
def changing_rows(server: Viewer) -> Iterator[None]:
    """Commit to the database as another process, a thousand times a second: no answer can be given again."""
    from django.db import connection

    program = CHANGES.format(name=connection.settings_dict["NAME"])
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        yield
        process.kill()


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with workplace() as (root, home):
        use_store(root, home)
        first = root.parent / "first"
        write_store(first, min(FIRST, count))
        write_store(root, count)
        with viewer(first, home) as server:
            listing_seconds, full_seconds = listing_times(server, min(FIRST, count))
        within_limits = line(
            f"{min(FIRST, count):,} runs listed for the first time", listing_seconds, "s", 3.0
        )
        line("  and read in full", full_seconds, "s")
        use_root(first)
        add_metrics()
        since = time.time()
        with viewer(first, home) as server:
            wait_until_read(first, since)
            within_limits &= compare_at_once(server)
        use_root(root)
        with viewer(root, home) as server:
            listing_seconds, full_seconds = listing_times(server, count)
        line(f"{count:,} runs listed for the first time", listing_seconds, "s")
        line("  and read in full", full_seconds, "s")
        add_metrics()
        since = time.time()
        with viewer(root, home) as server:
            wait_until_read(root, since)
            within_limits &= compare(server.url)
    return 0 if within_limits else 1


if __name__ == "__main__":
    sys.exit(main())
