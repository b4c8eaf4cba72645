"""Measure requests, uploads, points and open pages on one and several PostgreSQL servers, and on one SQLite server.

CPU milliseconds are those of the servers and of the processes of PostgreSQL, so they are valid on a busy machine too; the
requests per second depend on its load. Then the queries of `benchmarks.query` on PostgreSQL, compared with
`/api/health`, and the charts of a run among ever more points.

Usage: python -m benchmarks.cluster [runs as rows alone, 0 for none] [points as rows alone, 0 for none]
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import query
from benchmarks.cluster.costs import OPTIONS, Site, ask, ingest, open_pages, uploads
from benchmarks.support.folders import write_run
from benchmarks.support.points import curve
from benchmarks.support.postgresql import PostgreSQL, postgresql
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import line, viewer, workplace
from benchmarks.support.waiting import until

ROWS, POINTS = 1_000_000, 100_000_000
RUNS = 200
ROUNDS = 3
ASKED = {
    "list": "/api/v2/experiments?per_page=50",
    "page of a run": "/runs/{id}",
    "series": "/runs/{id}/series",
}


def throughput(sites: Sequence[Site], run_id: str) -> None:
    """Print requests per second and their cost, measured in turns.

    The gain of several processes is the ratio of what they answer in a CPU second of the busiest part: on a busy machine
    they share cores, and on a free one each server has a core of its own.
    """
    for what, path in ASKED.items():
        totals: dict[str, tuple[float, ...]] = {site.name: (0.0, 0.0, 0.0, 0.0) for site in sites}
        for _ in range(ROUNDS):
            for site in sites:
                sums = ask(site, path.format(id=run_id))
                totals[site.name] = tuple(map(sum, zip(totals[site.name], sums, strict=True)))
        alone = totals[sites[1].name]
        for site in sites:
            count, seconds, servers, database = totals[site.name]
            line(f"{what}: {site.name}", count / seconds, "requests/s")
            line("  CPU of a request in the servers", servers / count * 1000, "ms")
            if site.database is not None:
                line("  CPU of a request in PostgreSQL", database / count * 1000, "ms")
                line("  cores in use", (servers + database) / seconds, "cores")
                cost = (servers + database) / count / (sum(alone[2:]) / alone[0])
                line("  CPU of a request, compared with 1 of 3", cost, "times")
                busiest = count / (servers / len(site.servers))
                line("  requests that free cores would answer", busiest, "requests/s")


class Cluster:
    """Servers that share all but their processes."""

    def __init__(self, base: Path, database: PostgreSQL, servers: int = 3) -> None:
        self.root = base / "store"
        self.root.mkdir()
        shared = {
            "RUNICORN_DATABASE_URL": database.url(),
            "RUNICORN_RATE_LIMIT": "off",
            "RUNICORN_MAX_SOCKETS": "0",
        }
        # The last one has its own data directory, as on another machine.
        own = [{}] * (servers - 1) + [{"RUNICORN_DATA_DIR": str(base / "home" / "elsewhere")}]
        self.servers = [Viewer(self.root, base / "home", **shared, **more) for more in own]
        for server in self.servers:
            server.wait_until_it_answers()

    def stop(self) -> None:
        """Stop all servers."""
        for server in self.servers:
            server.stop()


def costs(base: Path) -> None:
    with postgresql() as database:
        cluster = Cluster(base, database)
        points = [{"loss": 1 / (number + 1)} for number in range(100)]
        ids = [write_run(cluster.root, metrics=points) for _ in range(RUNS)]
        with viewer(cluster.root, base / "alone") as alone:
            single, all_servers = (
                Site("SQLite, 1 server", [alone]),
                Site("PostgreSQL, 3 servers", cluster.servers, database),
            )
            some = [Site(f"PostgreSQL, {n} of 3 servers", cluster.servers[:n], database) for n in (1, 2)]
            for server in (alone, *cluster.servers):
                until(lambda server=server: server.get("/api/v2/experiments").json()["total"] == RUNS)
            throughput([single, *some, all_servers], ids[0])
            for site in (single, all_servers):
                ingest(site)
                uploads(site, ids[1])
                open_pages(site, ids[2])
        cluster.stop()


def main() -> int:
    sizes = [int(text) for text in sys.argv[1:]]
    runs, points = [*sizes, *(ROWS, POINTS)[len(sizes) :]]
    with tempfile.TemporaryDirectory(prefix="runicorn-bench-") as folder:
        costs(Path(folder))
    for measure, largest in ((chart_costs, points), (query_costs, runs)):
        if largest:
            with postgresql(OPTIONS) as server:
                if not measure(server, largest):
                    return 1
    return 0


def chart_costs(server: PostgreSQL, points: int) -> bool:
    with workplace() as (root, home):
        curve(server, root, home, points, lambda viewer: Site("", [viewer], server).cpu())
    return True


def query_costs(server: PostgreSQL, runs: int) -> bool:
    os.environ["RUNICORN_DATABASE_URL"] = server.url()
    return query.rows_alone(
        runs, lambda viewer: Site("", [viewer], server).cpu(), RUNICORN_DATABASE_URL=server.url()
    )


if __name__ == "__main__":
    sys.exit(main())
