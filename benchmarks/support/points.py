"""The chart and the values of a run on PostgreSQL among ever more points.

The points of the run are ingested from its journal; those of the other runs are copies of its rows in another storage
root, made by the database. More than a billion points fit on a disk only as integers of one byte.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import requests

from benchmarks.query import IDLE_SECONDS, Meter, p50
from benchmarks.support.journals import write_run
from benchmarks.support.postgresql import PostgreSQL
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import line, viewer
from benchmarks.support.waiting import until

STEPS, NAMES = 200_000, [f"m{number}" for number in range(5)]
RUN = "20260101_120000_aaaaaa"
NARROW_FROM = 2_000_000_000
APART = 100_000
"""Distance between the keys of copies."""
COPIED = {
    "runs_run": {"id": "id + n * {apart}", "root_id": "{root}", "run_id": "run_id || n"},
    "metrics_series": {"id": "id + n * {apart}", "run_id": "run_id + n * {apart}"},
    "metrics_tail": {"series_id": "series_id + n * {apart}"},
    "metrics_tile": {"series_id": "series_id + n * {apart}"},
}
ASKED = {
    "the chart of five metrics": "/runs/{run}/series",
    "2,000 points of a metric": "/api/v2/experiments/{run}/series?names=m0&points=2000",
    "a range of its steps": "/api/v2/experiments/{run}/series?names=m0&points=2000&step_range=90000:91000",
}


def copy(server: PostgreSQL, first: int, last: int) -> None:
    """Insert the copies with these numbers of all rows of the run."""
    (root,) = server.execute("SELECT id FROM runs_storageroot WHERE path = '/copies'")[0]
    for table, changed in COPIED.items():
        query = f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"
        columns = [name for (name,) in server.execute(query) if name != "id" or "id" in changed]
        values = [changed.get(name, f'"{name}"').format(apart=APART, root=root) for name in columns]
        names = ", ".join(f'"{name}"' for name in columns)
        key = {"runs_run": "id", "metrics_series": "run_id"}.get(table, "series_id")
        server.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)}"
            f" FROM {table}, generate_series({first}, {last}) AS n WHERE {table}.{key} < {APART}"
        )
    server.execute("VACUUM ANALYZE")


def measure(database: PostgreSQL, url: str, points: int, cpu: Callable[[], float]) -> None:
    """Print the cost of each request, and the size of the database."""
    size = database.execute("SELECT pg_database_size('postgres')")[0][0]
    line(f"{points:,} points", size / 1e9, "GB")
    meter = Meter(cpu, IDLE_SECONDS)
    with requests.Session() as session:
        for name, path in ASKED.items():
            address = url + path.format(run=RUN)
            session.get(address).raise_for_status()
            took = meter.note(name, p50, session, lambda address=address: address)
            line(f"{name}: {took:.1f} ms", meter.spent[name][0], "ms of CPU")


def curve(database: PostgreSQL, root: Path, home: Path, largest: int, cpu: Callable[[Viewer], float]) -> None:
    """Measure databases of a million points, ten millions, and so on to `largest`.

    Args:
        database: an empty database.
        root: an empty storage root.
        home: the folder of the viewer's configuration.
        largest: the number of points of the last database.
        cpu: the CPU seconds until now of the viewer and the database.
    """
    write_run(root, RUN, [range(STEPS)], NAMES, narrow=largest >= NARROW_FROM)
    with viewer(root, home, RUNICORN_DATABASE_URL=database.url()) as server:
        series_path = f"/api/v2/experiments/{RUN}/series?names=m4&points=10"
        until(
            lambda: [s["count"] for s in server.get(series_path).json().get("series", [])] == [STEPS],
            600,
            0.5,
        )
        database.execute(
            "INSERT INTO runs_storageroot (path, opened_at, problems) VALUES ('/copies', 0, '[]')"
        )
        points = step_points = STEPS * len(NAMES)
        while True:
            measure(database, server.url, points, lambda: cpu(server))
            if points >= largest:
                return
            copy(database, points // step_points, 10 * points // step_points - 1)
            points *= 10
