"""CPU of a viewer without visitors, over 20 and over 10,000 finished runs, and that of TensorBoard beside it.

The viewer is measured once everything is ingested and its folders are no longer young. TensorBoard is measured in the
same minute if it is installed.

Usage: python -m benchmarks.idle [runs] [seconds]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.support.processes import Viewer, free_port
from benchmarks.support.rounds import line, viewer, workplace
from benchmarks.support.small_runs import write_small_runs
from benchmarks.support.waiting import until

LIMIT = 0.3
FEW = 20
SETTLE_SECONDS = 15.0
"""Longer than folders count as young, and than the times after which a loop notices that there is nothing to do."""


def main(many: int, seconds: float) -> bool:
    within_limits = True
    for runs in (FEW, many):
        with workplace() as (root, home):
            write_small_runs(root, runs)
            with viewer(root, home) as server:
                until(lambda server=server, runs=runs: is_ingested(server, runs), timeout=1800, pause=0.5)
                peer = tensorboard(root)
                time.sleep(SETTLE_SECONDS)
                pids = [server.process.pid, *([peer.pid] if peer else [])]
                ours, *theirs = shares(pids, seconds)
                if peer:
                    peer.kill()
                    peer.wait()
            within_limits &= line(f"idle viewer of {runs:,} runs", ours, "% of a core", LIMIT)
            if theirs:
                line(f"idle TensorBoard beside it, at {runs:,} runs", theirs[0], "% of a core")
    return within_limits


def is_ingested(server: Viewer, runs: int) -> bool:
    """Return whether lists know the metrics of all runs."""
    response = server.get("/api/v2/experiments?per_page=1&where=metric.val/loss.last>=0")
    return bool(response.ok and response.json()["total"] == runs)


def tensorboard(folder: Path) -> subprocess.Popen[bytes] | None:
    program = shutil.which("tensorboard") or shutil.which(
        "tensorboard", path=str(Path(sys.executable).parent)
    )
    if program is None:
        return None
    command = [program, "--logdir", str(folder), "--port", str(free_port())]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def shares(pids: list[int], seconds: float) -> list[float]:
    """Return the share of a core that each process takes, in percent."""
    before = [processor_seconds(pid) for pid in pids]
    time.sleep(seconds)
    after = [processor_seconds(pid) for pid in pids]
    return [100 * (late - early) / seconds for early, late in zip(before, after, strict=True)]


def processor_seconds(pid: int) -> float:
    """Return the CPU time of a process, of threads that ended too, in nanoseconds' precision; of Linux only."""
    return time.clock_gettime(~pid << 3 | 2)  # the clock of clock_getcpuclockid(3)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    runs = int(arguments[0]) if arguments else 10_000
    sys.exit(not main(runs, float(arguments[1]) if len(arguments) > 1 else 60.0))
