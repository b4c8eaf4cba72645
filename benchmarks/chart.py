"""A chart of 2,000 points of series of 1 M and 10 M points, over HTTP from a real viewer, compared with an empty view.

Cold is the first chart of a viewer that has started, and of one that still imports; warm is one of many. The second series has the same number of points in a run
that was resumed five times, each time 100,000 steps before its last step. Then one metric of 40 runs with a tenth of
the points each, smoothed and not.

Usage: python -m benchmarks.chart [points…]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import requests

from benchmarks.support.journals import write_run
from benchmarks.support.rounds import alternating, line, viewer, workplace

WARM_LIMIT, RESUMED_LIMIT, SMOOTHED_LIMIT = 10.0, 3.0, 3.0
MILLION = 1_000_000
COLD_MS, WARM_MS = 15.0, 6.0
"""Limits for a million points on two idle cores."""
MANY = [f"20260102_000000_{number:06d}" for number in range(40)]
STRAIGHT, RESUMED = "20260101_000000_000001", "20260101_000000_000002"
REPEATS = 20
START_SECONDS = 3.0
"""Until a viewer has imported all that it needs."""


def main(points: list[int]) -> bool:
    results = [straight_and_resumed(count) for count in points]
    return smoothed_against_plain(max(points) // 10) and all(results)


def straight_and_resumed(points: int) -> bool:
    """Print the milliseconds of a chart of one run, cold and warm; return whether the limits are met."""
    with workplace() as (root, home):
        write_run(root, STRAIGHT, [range(points)], ["loss"])
        write_run(root, RESUMED, stretches(points), ["loss"])
        with viewer(root, home) as server:
            for run_id in (STRAIGHT, RESUMED):
                wait_until_ingested(server.url, run_id)
        cold = alternating(
            {
                "at once": lambda: first_answer(root, home, STRAIGHT, 0.0),
                STRAIGHT: lambda: first_answer(root, home, STRAIGHT),
                RESUMED: lambda: first_answer(root, home, RESUMED),
            }
        )
        with viewer(root, home) as server, requests.Session() as session:
            addresses = {
                "empty": f"{server.url}/api/metrics/cache/stats",
                STRAIGHT: series(server.url, STRAIGHT),
                RESUMED: series(server.url, RESUMED),
            }
            check(session, addresses)
            warm = alternating({name: lambda at=at: median(session, at) for name, at in addresses.items()})
    line("empty view", warm["empty"], "ms")
    cold_limit, warm_limit = (COLD_MS, WARM_MS) if points == MILLION else (None, None)
    is_within = line(f"{points:,} points to 2,000, cold", cold[STRAIGHT], "ms", cold_limit)
    line("  before the viewer has started", cold["at once"], "ms")
    is_within &= line(f"{points:,} points to 2,000, warm", warm[STRAIGHT], "ms", warm_limit)
    line("the same resumed five times, cold", cold[RESUMED], "ms")
    line("the same resumed five times, warm", warm[RESUMED], "ms")
    is_within &= line("warm against an empty view", warm[STRAIGHT] / warm["empty"], "x", WARM_LIMIT)
    return is_within & line(
        "resumed against straight, warm", warm[RESUMED] / warm[STRAIGHT], "x", RESUMED_LIMIT
    )


def smoothed_against_plain(points: int) -> bool:
    """Print the milliseconds of the curves of many runs, smoothed and not; return whether the limit is met."""
    with workplace() as (root, home):
        for run_id in MANY:
            write_run(root, run_id, [range(points)], ["loss"])
        with viewer(root, home) as server, requests.Session() as session:
            for run_id in MANY:
                wait_until_ingested(server.url, run_id)
            plain = f"{server.url}/api/v2/series?ids={','.join(MANY)}&names=loss&points=500"
            smooth = f"{plain}&smoothing=ema&smoothing_weight=0.99&smoothed_only=true"
            took = alternating(
                {
                    "plain": lambda: median(session, plain),
                    "smooth": lambda: median(session, smooth),
                }
            )
    line(f"{len(MANY)} runs of {points:,} points to 500, warm", took["plain"], "ms")
    line("the same smoothed, warm", took["smooth"], "ms")
    return line("smoothed against plain, warm", took["smooth"] / took["plain"], "x", SMOOTHED_LIMIT)


def stretches(points: int) -> list[range]:
    """Return six stretches of `points` steps in total; each after the first starts a hundredth of all steps earlier."""
    size, back, start, ranges = points // 6, points // 100, 0, []
    for _ in range(6):
        ranges.append(range(start, start + size))
        start += size - back
    return ranges


def series(url: str, run_id: str, points: int = 2000) -> str:
    return f"{url}/api/v2/experiments/{run_id}/series?names=loss&points={points}"


def wait_until_ingested(url: str, run_id: str) -> None:
    while True:
        answer = requests.get(series(url, run_id, 4), timeout=60)
        if answer.ok and "X-Ingest-Pending" not in answer.headers and answer.json()["series"]:
            return


def first_answer(root: Path, home: Path, run_id: str, rest: float = START_SECONDS) -> float:
    """Return the milliseconds of the first chart of a new viewer, `rest` seconds after its first answer."""
    with viewer(root, home) as server, requests.Session() as session:
        time.sleep(rest)
        session.get(f"{server.url}/api/metrics/cache/stats", timeout=60)
        return ask(session, series(server.url, run_id))


def check(session: requests.Session, addresses: dict[str, str]) -> None:
    """Check that the responses contain the expected points."""
    for run_id in (STRAIGHT, RESUMED):
        (entry,) = session.get(addresses[run_id], timeout=60).json()["series"]
        assert 1900 < len(entry["x"]) <= 2000, len(entry["x"])
        print(f"{run_id}: {len(entry['x'])} of {entry['count']:,} points", flush=True)


def median(session: requests.Session, address: str) -> float:
    """Return the median of some responses in milliseconds."""
    return sorted(ask(session, address) for _ in range(REPEATS))[REPEATS // 2]


def ask(session: requests.Session, address: str) -> float:
    began = time.perf_counter()
    answer = session.get(address, timeout=60)
    took = (time.perf_counter() - began) * 1000
    assert answer.ok, answer.text
    return took


if __name__ == "__main__":
    sys.exit(not main([int(count) for count in sys.argv[1:]] or [MILLION, 10 * MILLION]))
