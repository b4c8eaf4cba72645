"""`/api/health` during the import of a 1 GB archive, compared with the same during a mere copy.

The archive comes over HTTP from another process, as from a browser. Meanwhile health is requested every 20 ms: alone,
during the import (upload, unpacking and moving), and during a process that copies the same bytes to the same disk
twice and syncs them, which is the limit of the machine itself.

python -m benchmarks.beside_import [GIBIBYTES]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import requests

from benchmarks.support.rounds import line, percentile, viewer, workplace

ROUNDS = 2
ALONE_SECONDS = 5.0
PAUSE = 0.02
LIMIT = 50.0


def main(gibibytes: float) -> None:
    with workplace() as (root, home):
        archive = root.parent / "large.zip"
        measured: dict[str, list[float]] = {"alone": [], "beside a copy": [], "beside the import": []}
        with viewer(root, home) as server:
            health = f"{server.url}/api/health"
            for number in range(ROUNDS):
                write_archive(archive, gibibytes, number)
                until = time.monotonic() + ALONE_SECONDS
                measured["alone"] += latencies(health, lambda until=until: time.monotonic() < until)
                measured["beside a copy"] += beside(health, copying(archive, root.parent))
                measured["beside the import"] += beside(health, sending(archive, server.url))
                count = len(requests.get(f"{server.url}/api/runs", timeout=60).json())
                assert count == 4 * (number + 1), count
    figures = {what: percentile(times, 0.95) for what, times in measured.items()}
    for what, times in measured.items():
        line(f"/api/health {what}, median", percentile(times, 0.5), "ms")
        line(f"/api/health {what}, longest", max(times), "ms")
    line("/api/health alone, p95", figures["alone"], "ms", LIMIT)
    line("/api/health beside a copy, p95", figures["beside a copy"], "ms")
    within_limits = line("/api/health beside the import, p95", figures["beside the import"], "ms", LIMIT)
    line(
        "p95 beside the import / beside a copy",
        figures["beside the import"] / figures["beside a copy"],
        "times",
    )
    sys.exit(not within_limits)


def write_archive(path: Path, gibibytes: float, number: int) -> None:
    """Write an archive of four runs with `gibibytes` in total."""
    block = os.urandom(2**24)
    with zipfile.ZipFile(path, "w") as archive:
        for run in range(4):
            folder = f"bench/net/runs/20260101_00000{number}_00000{run}"
            archive.writestr(f"{folder}/meta.json", f'{{"id": "20260101_00000{number}_00000{run}"}}')
            archive.writestr(f"{folder}/status.json", '{"status": "finished"}')
            with archive.open(f"{folder}/model.bin", "w", force_zip64=True) as member:
                for _ in range(int(gibibytes * 2**30 / 4 / 2**24)):
                    member.write(block)


def latencies(health: str, goes_on: Callable[[], bool]) -> list[float]:
    """Return the milliseconds of each of many consecutive requests on one connection."""
    times = []
    with requests.Session() as session:
        session.trust_env = False
        while goes_on():
            began = time.perf_counter()
            assert session.get(health, timeout=60).status_code == 200
            times.append(1000 * (time.perf_counter() - began))
            time.sleep(PAUSE)
    return times


def beside(health: str, command: list[str]) -> list[float]:
    """Do the same while a command runs."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    times = latencies(health, lambda: process.poll() is None)
    assert process.returncode == 0
    return times


def copying(archive: Path, folder: Path) -> list[str]:
    """Return a command that copies the bytes as often as an import does."""
    words = "cp {0} {1}/one && cp {1}/one {1}/two && sync {1}/one {1}/two; rm {1}/one {1}/two"
    return ["sh", "-c", words.format(archive, folder)]


def sending(archive: Path, url: str) -> list[str]:
    """Return a command that uploads the archive as a form and exits after the response."""
    return [
        sys.executable,
        "-c",
        "import sys; from pathlib import Path; import runicorn.api as api\n"
        "with api.connect(sys.argv[1], timeout=600) as client: client.import_archive(Path(sys.argv[2]))",
        url,
        str(archive),
    ]


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
