"""The CPU time of requests, uploads, points and open pages of servers, that of PostgreSQL included."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil
import requests

from benchmarks.support.folders import write_run
from benchmarks.support.postgresql import PostgreSQL
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import line
from benchmarks.support.sockets import frames, open_socket
from benchmarks.support.waiting import until

CLIENTS = 6
SECONDS = 3.0
STEPS, NAMES = 40_000, 5
PAGES, LINES = 20, 60
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

    def rest(self, seconds: float) -> float:
        """Wait, and return the CPU seconds a second meanwhile."""
        before, began = self.cpu(), time.perf_counter()
        time.sleep(seconds)
        return (self.cpu() - before) / (time.perf_counter() - began)

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


def uploads(site: Site, run_id: str, background: float = 0.0) -> float:
    """Print and return the cost of an appended line, sent to the servers in turns.

    `background` CPU seconds a second are those of the site at rest.
    """
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
    elapsed = time.perf_counter() - began
    spent = (site.cpu() - cpu - background * elapsed) / LINES / 4 * 1000
    line(f"{site.name}: an upload takes", elapsed / LINES / 4 * 1000, "ms")
    line("  CPU of an upload", spent, "ms")
    return spent


def journal_lines(first: int, stop: int) -> bytes:
    """Return lines of a journal with `NAMES` metrics each."""
    lines = []
    for step in range(first, stop):
        data = {"global_step": step, "time": step} | {f"m{n}": step / (n + 3) for n in range(NAMES)}
        lines.append(json.dumps({"ts": step, "type": "metrics", "data": data}))
    return "".join(f"{text}\n" for text in lines).encode()


def ingest(site: Site, background: float = 0.0) -> float:
    """Print and return the cost of a point until it is in the database."""
    root = site.servers[0].root
    run_id = write_run(root, project="points")
    url = f"{site.servers[0].url}/api/v2/experiments/{run_id}/series?names=m0"

    def count() -> int:
        series = requests.get(url, timeout=60).json().get("series", [])
        return int(series[0]["count"]) if series else 0

    cpu, began = site.cpu(), time.perf_counter()
    (root / "points" / "resnet" / "runs" / run_id / "events.jsonl").write_bytes(journal_lines(0, STEPS))
    until(lambda: count() == STEPS, timeout=300, pause=0.5)
    spent = (site.cpu() - cpu - background * (time.perf_counter() - began)) / STEPS / NAMES * 1e6
    line(f"{site.name}: CPU of a point", spent, "µs")
    return spent


def open_pages(site: Site, run_id: str) -> float:
    """Print and return the cost of a line for each open page that shows it."""
    run = site.servers[0].root / "vision" / "resnet" / "runs" / run_id
    sockets = [open_socket(site.servers[n % len(site.servers)], f"/runs/{run_id}/live") for n in range(PAGES)]
    for socket in sockets:
        frames(socket, "status")
    per_second = site.rest(SECONDS)
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
