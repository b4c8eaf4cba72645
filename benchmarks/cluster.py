"""Measure requests, uploads, points and open pages on one and several PostgreSQL servers, and on one SQLite server.

CPU milliseconds are those of the servers and of the processes of PostgreSQL, so they are valid on a busy machine too; the
requests per second depend on its load. Then the queries of `benchmarks.query` on PostgreSQL, compared with
`/api/health`, and the charts of a run among ever more points.

Usage: python -m benchmarks.cluster [runs as rows alone, 0 for none] [points as rows alone, 0 for none]
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import requests

from benchmarks import query
from benchmarks.support.points import curve
from benchmarks.support.rounds import line, viewer, workplace
from tests.cluster.servers import Cluster
from tests.folders import write_run
from tests.live.sockets import frames, open_socket
from tests.postgresql import PostgreSQL, postgresql
from tests.processes import Viewer
from tests.waiting import until

ROWS, POINTS = 1_000_000, 100_000_000
RUNS = 200
CLIENTS = 6
SECONDS = 3.0
ROUNDS = 3
STEPS, NAMES = 40_000, 5
PAGES, LINES = 20, 60
ASKED = {
    "list": "/api/v2/experiments?per_page=50",
    "page of a run": "/runs/{id}",
    "series": "/runs/{id}/series",
}
OPTIONS = (
    "-c fsync=off -c shared_buffers=256MB -c work_mem=16MB -c maintenance_work_mem=256MB -c max_wal_size=8GB"
)


class Site:
    """Servers that share a database."""

    def __init__(self, name: str, servers: Sequence[Viewer], database: PostgreSQL | None = None) -> None:
        self.name, self.servers, self.database = name, servers, database

    def cpu(self) -> float:
        """Return the CPU seconds of the servers and of the database until now."""
        return sum(self.parts())

    def parts(self) -> tuple[float, float]:
        """Return the CPU seconds of the servers, and those of the database."""
        servers = sum(cpu_of(psutil.Process(server.process.pid)) for server in self.servers)
        return servers, 0.0 if self.database is None else cpu_of_database(self.database)


def cpu_of(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))


def cpu_of_database(database: PostgreSQL) -> float:
    """Return the CPU seconds of all processes of PostgreSQL, those that ended included."""
    main = (database.folder / "data" / "postmaster.pid").read_text().split()[0]
    process, total = psutil.Process(int(main)), 0.0
    for child in process.children():
        with suppress(psutil.NoSuchProcess):  # ended meanwhile: counted below
            total += cpu_of(child)
    return total + sum(process.cpu_times()[:4])


class Client(threading.Thread):
    def __init__(self, port: int, path: str, deadline: float) -> None:
        super().__init__(daemon=True)
        self.port, self.path, self.deadline, self.count = port, path, deadline, 0

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while time.perf_counter() < self.deadline:
            connection.request("GET", self.path, headers={"Accept": "*/*"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            self.count += 1
        connection.close()


def ask(site: Site, path: str) -> tuple[float, ...]:
    """Send requests for some seconds; return the number of answers, the seconds, and the CPU seconds of both parts."""
    before, began = site.parts(), time.perf_counter()
    ports = [site.servers[number % len(site.servers)].port for number in range(CLIENTS)]
    clients = [Client(port, path, began + SECONDS) for port in ports]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    spent = [now - then for now, then in zip(site.parts(), before, strict=True)]
    return sum(client.count for client in clients), time.perf_counter() - began, *spent


def throughput(sites: Sequence[Site], run_id: str) -> None:
    """Print requests per second and their cost, measured in turns.

    The gain of several processes is the ratio of what they answer in a CPU second of the busiest part: on a busy machine
    they share cores, and on a free one each server has a core of its own.
    """
    for what, path in ASKED.items():
        totals: dict[str, tuple[float, ...]] = {site.name: (0.0, 0.0, 0.0, 0.0) for site in sites}
        for _ in range(ROUNDS):
            for site in sites:
                found = ask(site, path.format(id=run_id))
                totals[site.name] = tuple(map(sum, zip(totals[site.name], found, strict=True)))
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


def uploads(site: Site, run_id: str) -> float:
    """Print and return the cost of an appended line, sent to the servers in turns."""
    run = site.servers[0].root / "vision" / "resnet" / "runs" / run_id
    offset = (run / "events.jsonl").stat().st_size
    cpu, began = site.cpu(), time.perf_counter()
    with requests.Session() as session:
        for step in range(LINES * 4):
            content = journal_lines(step, step + 1)
            url = f"{site.servers[step % len(site.servers)].url}/api/runs/{run_id}/files/events.jsonl"
            kind = {"Content-Type": "application/octet-stream"}
            session.put(url, data=content, params={"offset": offset}, headers=kind).raise_for_status()
            offset += len(content)
    spent = (site.cpu() - cpu) / LINES / 4 * 1000
    line(f"{site.name}: an upload takes", (time.perf_counter() - began) / LINES / 4 * 1000, "ms")
    line("  CPU of an upload", spent, "ms")
    return spent


def journal_lines(first: int, stop: int) -> bytes:
    """Return lines of a journal with `NAMES` metrics each."""
    lines = []
    for step in range(first, stop):
        data = {"global_step": step, "time": step} | {f"m{n}": step / (n + 3) for n in range(NAMES)}
        lines.append(json.dumps({"ts": step, "type": "metrics", "data": data}))
    return "".join(f"{text}\n" for text in lines).encode()


def ingest(site: Site) -> float:
    """Print and return the cost of a point until it is in the database."""
    root = site.servers[0].root
    run_id = write_run(root, project="points")
    url = f"{site.servers[0].url}/api/v2/experiments/{run_id}/series?names=m0"

    def count() -> int:
        found = requests.get(url, timeout=60).json().get("series", [])
        return int(found[0]["count"]) if found else 0

    cpu = site.cpu()
    (root / "points" / "resnet" / "runs" / run_id / "events.jsonl").write_bytes(journal_lines(0, STEPS))
    until(lambda: count() == STEPS, timeout=300, pause=0.5)
    spent = (site.cpu() - cpu) / STEPS / NAMES * 1e6
    line(f"{site.name}: CPU of a point", spent, "µs")
    return spent


def open_pages(site: Site, run_id: str) -> float:
    """Print and return the cost of a line for each open page that shows it."""
    run = site.servers[0].root / "vision" / "resnet" / "runs" / run_id
    sockets = [open_socket(site.servers[n % len(site.servers)], f"/runs/{run_id}/live") for n in range(PAGES)]
    for socket in sockets:
        frames(socket, "status")
    idle, began = site.cpu(), time.perf_counter()
    time.sleep(SECONDS)
    per_second = (site.cpu() - idle) / (time.perf_counter() - began)
    cpu, began = site.cpu(), time.perf_counter()
    with (run / "events.jsonl").open("ab", buffering=0) as journal:
        for step in range(LINES):
            journal.write(journal_lines(10_000_000 + step, 10_000_001 + step))
            for socket in sockets:
                frames(socket, "points")
    spent = (site.cpu() - cpu - per_second * (time.perf_counter() - began)) / LINES / PAGES * 1000
    line(f"{site.name}: CPU of {PAGES} open pages without news", per_second * 1000, "ms/s")
    line("  CPU of a frame", spent, "ms")
    for socket in sockets:
        socket.close()
    return spent


def costs(base: Path) -> None:
    with postgresql() as database:
        cluster = Cluster(base, database)
        points = [{"loss": 1 / (number + 1)} for number in range(100)]
        ids = [write_run(cluster.root, metrics=points) for _ in range(RUNS)]
        with viewer(cluster.root, base / "alone") as alone:
            single, whole = (
                Site("SQLite, 1 server", [alone]),
                Site("PostgreSQL, 3 servers", cluster.servers, database),
            )
            some = [Site(f"PostgreSQL, {n} of 3 servers", cluster.servers[:n], database) for n in (1, 2)]
            for server in (alone, *cluster.servers):
                until(lambda server=server: server.get("/api/v2/experiments").json()["total"] == RUNS)
            throughput([single, *some, whole], ids[0])
            for site in (single, whole):
                ingest(site)
                uploads(site, ids[1])
                open_pages(site, ids[2])
        cluster.stop()


def main() -> int:
    given = [int(text) for text in sys.argv[1:]]
    runs, points = [*given, *(ROWS, POINTS)[len(given) :]]
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
