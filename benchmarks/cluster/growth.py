"""The cost of uploads, points, open pages and background work in ever larger stores, with SQLite and PostgreSQL.

The runs have real folders, listed by the server's own discovery. Costs are CPU times of the server and PostgreSQL, so they
are valid on a busy machine too, and printed as ratios to those of the smallest store of the same run.

Usage: python -m benchmarks.cluster.growth [sqlite] [postgresql] [runs ...]
"""

from __future__ import annotations

import itertools
import sqlite3
import statistics
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import requests

from benchmarks.cluster.costs import OPTIONS, Site, ask, ingest, open_pages, uploads
from benchmarks.runs_list import write_store
from benchmarks.support.folders import write_run
from benchmarks.support.postgresql import PostgreSQL, postgresql
from benchmarks.support.rounds import line, viewer, workplace
from benchmarks.support.waiting import until
from runicorn_site.database.file import FILE_NAME

SIZES = (1_000, 10_000, 100_000, 1_000_000)
IDLE_SECONDS = 125.0
"""Two scans of all runs and their background work."""
NEW_RUNS = 7
LONGEST_LISTING = 7200.0


def measure_store(root: Path, home: Path, database: PostgreSQL | None, added: int) -> dict[str, float]:
    """Start a server, let it read the runs that were added, and return its costs in milliseconds or microseconds."""
    environment = {} if database is None else {"RUNICORN_DATABASE_URL": database.url()}

    def last_scan() -> float:
        question = f"SELECT listed_at FROM runs_storageroot WHERE path = '{root}'"
        if database is not None:
            rows = database.execute(question)
        else:
            with closing(sqlite3.connect(f"file:{home}/data/{FILE_NAME}?mode=ro", uri=True)) as connection:
                rows = connection.execute(question).fetchall()
        return float(rows[0][0] or 0.0) if rows else 0.0

    began = time.time()
    costs: dict[str, float] = {}
    with viewer(root, home, **environment) as server:
        site = Site("PostgreSQL" if database else "SQLite", [server], database)
        started = site.cpu()
        until(lambda: last_scan() > began, timeout=LONGEST_LISTING, pause=0.2)
        line(f"{added:,} runs listed and read", time.time() - began, "s")
        costs["reading a new run, µs"] = (site.cpu() - started) / added * 1e6
        if database is not None:
            database.execute("VACUUM ANALYZE")  # as its daemon does after some minutes
        background = site.rest(IDLE_SECONDS)
        costs["background work, ms each second"] = background * 1000
        costs["until a new folder is listed, ms"] = until_listed(server.url, root)
        run_ids = [write_run(root, metrics=[{"loss": 1 / (n + 1)} for n in range(100)]) for _ in range(3)]
        for run_id in run_ids:
            until(lambda run_id=run_id: server.get(f"/api/runs/{run_id}").status_code == 200)
        costs["a point, µs"] = ingest(site, background)
        costs["an upload, ms"] = uploads(site, run_ids[1], background)
        costs["a frame for an open page, ms"] = open_pages(site, run_ids[2])
        paths = {"list": "/api/v2/experiments?per_page=50", "page of a run": f"/runs/{run_ids[0]}"}
        for what, path in paths.items():
            count, seconds, servers, rows = ask(site, path)
            costs[f"{what}, ms"] = (servers + rows - background * seconds) / count * 1000
        costs["memory of the server, MB"] = psutil.Process(server.process.pid).memory_info().rss / 1e6
    return costs


def until_listed(url: str, root: Path) -> float:
    """Return the median milliseconds until a folder that was written by hand is the first of the list."""
    milliseconds = []
    with requests.Session() as session:
        for _ in range(NEW_RUNS):
            run_id = write_run(root, project="new", created_at=time.time())
            began = time.perf_counter()

            def is_listed(run_id: str = run_id) -> bool:
                page = session.get(f"{url}/api/v2/experiments?per_page=1&project=new").json()
                return any(run["id"] == run_id for run in page["experiments"])

            until(is_listed)
            milliseconds.append((time.perf_counter() - began) * 1000)
    return statistics.median(milliseconds)


def main() -> int:
    sizes = [int(text) for text in sys.argv[1:] if text.isdecimal()] or list(SIZES)
    engines = [text for text in sys.argv[1:] if not text.isdecimal()] or ["sqlite", "postgresql"]
    first: dict[str, dict[str, float]] = {}
    with workplace() as (root, home), postgresql(OPTIONS) as database:
        for before, size in itertools.pairwise([0, *sizes]):
            write_store(root, size, first=before)
            for engine in engines:
                server = database if engine == "postgresql" else None
                costs = measure_store(root, home / engine, server, size - before)
                smallest = first.setdefault(engine, costs)
                print(f"{engine}, {size:,} runs")
                for what, value in costs.items():
                    print(f"  {what:<40} {value:12.3f}   {value / smallest[what]:8.2f} times", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
