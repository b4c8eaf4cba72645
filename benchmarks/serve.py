"""Serving: startup time, memory, slow clients, and shutdown time of a viewer.

Each round starts a new viewer on a store with a log of 200 MB and a journal of 200,000 steps. It measures the time to
the first response (with an empty database in the first round), memory at rest, `/api/health` alone and during ten
downloads that are read at 100 kB/s, memory afterwards, and the time from SIGTERM to the exit while eight clients keep
sending requests. Medians of the rounds are printed.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import requests

from benchmarks.support.folders import write_run
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import ROUNDS, line, percentile, workplace
from benchmarks.support.waiting import until

DOWNLOADS = 10
CLIENTS = 8
REQUESTS = 200
LOG_BYTES = 200_000_000
STEPS = 200_000
REST_SECONDS = 3.0
"""Until the background work of a start has ended."""
LIMITS = {
    "start to the first answer": ("s", 0.45),
    "processor time until then": ("s", 0.45),
    "memory after an ingest": ("MB", 250.0),
    "memory after the downloads": ("MB", 400.0),
    "/api/health alone, median": ("ms", 50.0),
    "/api/health beside ten slow downloads, median": ("ms", 50.0),
    "/api/health beside ten slow downloads, p95": ("ms", 50.0),
    # Downloads under way have ten seconds to end.
    "SIGTERM to the end under load": ("s", 11.0),
}


def main() -> None:
    with workplace() as (root, home):
        run_id = fill(root)
        first = [first_start(home / f"new-{number}") for number in range(ROUNDS)]
        rounds = [one_round(root, home, run_id) for _ in range(ROUNDS)]
    starts, rests = zip(*first, strict=True)
    is_quick = line("first start with an empty data folder", percentile(list(starts), 0.5), "s", 0.8)
    is_quick &= line("memory at rest", percentile(list(rests), 0.5), "MB", 85.0)
    within_limits = [line(what, percentile([r[what] for r in rounds], 0.5), *LIMITS[what]) for what in LIMITS]
    sys.exit(not (is_quick and all(within_limits)))


def first_start(home: Path) -> tuple[float, float]:
    """Return the seconds from the start of a viewer with nothing to show to its first answer, and MB at rest."""
    root = home / "store"
    root.mkdir(parents=True)
    began = time.perf_counter()
    viewer = Viewer(root, home).wait_until_it_answers()
    measured = time.perf_counter() - began
    try:
        until(lambda: viewer.get("/readyz").status_code == 200)
        time.sleep(REST_SECONDS)
        return measured, psutil.Process(viewer.process.pid).memory_info().rss / 1e6
    finally:
        viewer.stop()


def fill(root: Path) -> str:
    """Write a store with one run that has large downloads."""
    run_id = write_run(root, "bench", "serve", metrics=[])
    folder = root / "bench" / "serve" / "runs" / run_id
    with (folder / "logs.txt").open("w") as log:
        text = "".join(f"{number:>8} step done, loss 0.123456, accuracy 0.987654\n" for number in range(1000))
        for _ in range(LOG_BYTES // len(text)):
            log.write(text)
    with (folder / "events.jsonl").open("w") as journal:
        for step in range(STEPS):
            data = {"global_step": step, "time": 1.7e9 + step, "loss": 1 / (step + 1)}
            journal.write(json.dumps({"ts": 1.7e9 + step, "type": "metrics", "data": data}) + "\n")
    return run_id


def one_round(root: Path, home: Path, run_id: str) -> dict[str, float]:
    """Measure one viewer from its start to its end."""
    began = time.perf_counter()
    viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off", RUNICORN_MAX_SOCKETS="0").wait_until_it_answers()
    figures = {"start to the first answer": time.perf_counter() - began}
    try:
        process = psutil.Process(viewer.process.pid)
        figures["processor time until then"] = sum(process.cpu_times()[:2])
        until(
            lambda: (
                "X-Ingest-Pending" not in viewer.get(f"/api/runs/{run_id}/metrics?downsample=100").headers
            ),
            60,
        )
        figures["memory after an ingest"] = process.memory_info().rss / 1e6
        figures["/api/health alone, median"] = percentile(health(viewer), 0.5)
        with slow_downloads(viewer, run_id):
            beside = health(viewer)
        figures["/api/health beside ten slow downloads, median"] = percentile(beside, 0.5)
        figures["/api/health beside ten slow downloads, p95"] = percentile(beside, 0.95)
        figures["memory after the downloads"] = process.memory_info().rss / 1e6
        figures["SIGTERM to the end under load"] = end_under_load(viewer, run_id)
    finally:
        viewer.stop()
    return figures


def health(viewer: Viewer) -> list[float]:
    """Return the milliseconds of each of many requests to `/api/health`."""
    times = []
    with requests.Session() as session:
        for _ in range(REQUESTS):
            began = time.perf_counter()
            session.get(viewer.url + "/api/health", timeout=30).raise_for_status()
            times.append(1000 * (time.perf_counter() - began))
    return times


@contextmanager
def slow_downloads(viewer: Viewer, run_id: str) -> Iterator[None]:
    """Run ten clients that download the log and the rows at 100 kB/s each."""
    stop = threading.Event()
    paths = [f"/api/runs/{run_id}/logs", f"/api/runs/{run_id}/metrics"]
    with ExitStack() as stack:
        for number in range(DOWNLOADS):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", viewer.port)))
            connection.sendall(f"GET {paths[number % 2]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            reader = threading.Thread(target=read_slowly, args=(connection, stop))
            reader.start()
            stack.callback(reader.join)
        stack.callback(stop.set)
        yield


def read_slowly(connection: socket.socket, stop: threading.Event) -> None:
    """Read 10 kB ten times a second."""
    while not stop.wait(0.1) and connection.recv(10_000):
        pass


def end_under_load(viewer: Viewer, run_id: str) -> float:
    """Return the seconds from SIGTERM to the exit while clients keep requesting and downloading."""
    clients = [threading.Thread(target=keep_requesting, args=(viewer,)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    with slow_downloads(viewer, run_id):
        health(viewer)
        began = time.perf_counter()
        viewer.process.send_signal(signal.SIGTERM)
        viewer.process.wait(30)
        measured = time.perf_counter() - began
    for client in clients:
        client.join()
    return measured


def keep_requesting(viewer: Viewer) -> None:
    """Send requests without a pause until the server is gone."""
    with requests.Session() as session:
        try:
            while True:
                session.get(viewer.url + "/api/runs", timeout=30)
        except requests.RequestException:
            return


if __name__ == "__main__":
    main()
