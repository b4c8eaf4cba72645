"""Latency from a write of the training process to a viewer.

Two values: from an append to the log to its line in the client of a socket, with one viewer and with fifty; and from a
`log()` of the SDK to its point in a response of `series?after_row`, with one client that polls without a pause.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
from typing import TYPE_CHECKING

import requests

import runicorn as rn
from benchmarks.support.folders import write_run
from benchmarks.support.processes import Viewer
from benchmarks.support.rounds import alternating, line, percentile, viewer, workplace

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

WRITES = 100
MOST_PAUSE = 0.04
"""Maximum seconds between two writes: random, so that they are not in phase with the hub's polls."""

SOCKET_LIMIT, SERIES_LIMIT = 50.0, 100.0


async def socket_delays(server: Viewer, viewers: int) -> list[float]:
    """Return the milliseconds from an append to each viewer's frame."""
    from websockets.asyncio.client import connect

    run_id = write_run(server.root, "bench", "live", status="running", logs="")
    log = server.root / "bench" / "live" / "runs" / run_id / "logs.txt"
    url = f"ws://127.0.0.1:{server.port}/api/runs/{run_id}/logs/ws"
    clients = [await connect(url, compression=None, proxy=None) for _ in range(viewers)]
    delays: list[float] = []
    with log.open("ab", buffering=0) as file:
        file.write(b"warm\n")
        await asyncio.gather(*(client.recv() for client in clients))
        for number in range(WRITES):
            await asyncio.sleep(random.uniform(0, MOST_PAUSE))
            began = time.perf_counter()
            file.write(b"step %d loss 0.123456\n" % number)
            delays += await asyncio.gather(*(_arrival(client, began) for client in clients))
    await asyncio.gather(*(client.close() for client in clients))
    return delays


async def _arrival(client: ClientConnection, began: float) -> float:
    await client.recv()
    return (time.perf_counter() - began) * 1000


class Reader(threading.Thread):
    """Polls for later points, and records when a row was first seen."""

    def __init__(self, server: Viewer, run_id: str) -> None:
        super().__init__(daemon=True)
        self.url = f"{server.url}/api/v2/experiments/{run_id}/series"
        self.seen = threading.Condition()
        self.row, self.at, self.ended = -1, 0.0, False

    def run(self) -> None:
        """Read until `ended`."""
        with requests.Session() as session:
            while not self.ended:
                answer = session.get(self.url, params={"names": "loss", "after_row": self.row}, timeout=10)
                row, now = answer.json()["last_row"], time.perf_counter()
                with self.seen:
                    if row > self.row:
                        self.row, self.at = row, now
                        self.seen.notify()

    def wait_for(self, row: int) -> float:
        """Return when the row was seen, by `time.perf_counter()`."""
        with self.seen:
            assert self.seen.wait_for(lambda: self.row >= row, timeout=10), f"row {row} never came"
            return self.at


def series_delays(server: Viewer) -> list[float]:
    """Return the milliseconds from a `log()` to the response with its point."""
    with rn.init("bench", "series", storage=str(server.root), system_metrics=False, capture_env=False) as run:
        reader = Reader(server, run.id)
        run.log({"loss": 1.0}, step=0)
        reader.start()
        reader.wait_for(0)
        delays = []
        for number in range(WRITES):
            before = reader.row
            time.sleep(random.uniform(0, MOST_PAUSE))
            began = time.perf_counter()
            run.log({"loss": 1.0 / (number + 1)}, step=number + 1)
            delays.append((reader.wait_for(before + 1) - began) * 1000)
        reader.ended = True
        reader.join()
    return delays


def main() -> int:
    middles: dict[str, list[float]] = {}

    def keep(name: str, delays: list[float]) -> float:
        middles.setdefault(name, []).append(percentile(delays, 0.5))
        return percentile(delays, 0.95)

    with workplace() as (root, home), viewer(root, home) as server:
        high = alternating(
            {
                "append to socket frame, 1 viewer": lambda: keep("1", asyncio.run(socket_delays(server, 1))),
                "append to socket frame, 50 viewers": lambda: keep(
                    "50", asyncio.run(socket_delays(server, 50))
                ),
                "log() to series?after_row, 1 reader": lambda: keep("series", series_delays(server)),
            }
        )
    within_limits = True
    for (what, p95), p50 in zip(high.items(), middles.values(), strict=True):
        limit = SERIES_LIMIT if "series" in what else SOCKET_LIMIT
        line(f"{what}, p50", sorted(p50)[len(p50) // 2], "ms")
        within_limits = line(f"{what}, p95", p95, "ms", limit) and within_limits
    return 0 if within_limits else 1


if __name__ == "__main__":
    sys.exit(main())
