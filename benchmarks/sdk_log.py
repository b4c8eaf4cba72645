"""Overhead of tracking: `log()` compared with a bare write of the same bytes, and `import runicorn`.

Run it with `python -m benchmarks.sdk_log`. The files are in the temporary directory, which must not be a tmpfs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.support.rounds import ROUNDS, alternating, line, percentile, workplace

CALLS = 20_000
STARTS = 10
FACTOR = 6.0
"""Limit of the median of `log()`, as a multiple of the bare write."""
PEER = 9.0
"""Microseconds that the queue of the fastest other tracker takes for the same record on this machine."""
IMPORT = 50.0
"""Milliseconds that `import runicorn` may add to an empty program."""
INIT = 20.0
"""Milliseconds that loading what `init()` needs may add."""
FIRST = 10_000
FIRST_EDGE = 30.0
"""Microseconds at the 99th percentile of the first calls, during the capture of environment and system."""
METRICS = {
    "train/loss": 0.123456789,
    "train/acc": 0.987654321,
    "lr": 0.001,
    "grad_norm": 1.2345678,
    "epoch": 3,
}


def calls(work: Callable[[], object]) -> list[float]:
    """Return the microseconds of each of many calls."""
    clock, measured = time.perf_counter_ns, []
    for _ in range(CALLS):
        began = clock()
        work()
        measured.append((clock() - began) / 1000)
    return measured


def logging(root: Path) -> bool:
    """Measure `log()` with five metrics and a bare `os.write` of the same bytes, alternating."""
    import runicorn as rn

    # Without background capture, which works in the first second and every ten, and would be measured by chance.
    run = rn.init("benchmark", storage=root, capture_env=False, system_metrics=False)
    run.log(METRICS)
    record = (run.run_dir / "events.jsonl").read_bytes()
    bare = os.open(root / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    work = {"write": partial(os.write, bare, record), "log": partial(run.log, METRICS)}
    work |= {"step": partial(run.log, METRICS, step=7, stage="train")}
    measured: dict[str, list[list[float]]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, call in work.items():
            measured[name].append(calls(call))
    os.close(bare)
    run.finish()
    middle = {
        name: _median([percentile(round_times, 0.5) for round_times in rounds])
        for name, rounds in measured.items()
    }
    edge = {
        name: _median([percentile(round_times, 0.99) for round_times in rounds])
        for name, rounds in measured.items()
    }
    times = _median(
        [
            percentile(a, 0.5) / percentile(b, 0.5)
            for a, b in zip(measured["log"], measured["write"], strict=True)
        ]
    )
    print(
        f"{len(METRICS)} metrics, {len(record)} bytes a record, {CALLS} calls a round, median of {ROUNDS} rounds"
    )
    line("os.write of the same bytes, p50", middle["write"], "µs")
    line("os.write of the same bytes, p99", edge["write"], "µs")
    line("log() with a step and a stage, p50", middle["step"], "µs")
    line("log(), p99", edge["log"], "µs")
    within_limits = line("log(), p50", middle["log"], "µs", PEER)
    return line("log(), p50, as a multiple of the bare write", times, "times", FACTOR) and within_limits


FRESH = f"""
import sys, time
import runicorn as rn
metrics, clock, measured = {METRICS!r}, time.perf_counter_ns, []
run = rn.init("benchmark", storage=sys.argv[1])
for _ in range({FIRST}):
    began = clock()
    run.log(metrics)
    measured.append(clock() - began)
print(sorted(measured)[int({FIRST} * 0.99)] / 1000)
"""


def beginning(root: Path) -> bool:
    """Measure the first calls after a fresh `init` with all captures, each time in a new process."""
    command = [sys.executable, "-c", FRESH, str(root)]
    edges = []
    for _ in range(STARTS):
        process = subprocess.run(
            command, cwd=Path(__file__).parent.parent, check=True, capture_output=True, text=True
        )
        edges.append(float(process.stdout))
    line(f"log(), p99 of the first {FIRST} calls after init(), worst start", max(edges), "µs")
    return line(f"log(), p99 of the first {FIRST} calls after init()", _median(edges), "µs", FIRST_EDGE)


def starting() -> bool:
    """Measure an empty program, one that imports the package, and one that also loads what a run needs."""
    middle = alternating(
        {
            "pass": partial(_start, "pass"),
            "import": partial(_start, "import runicorn"),
            "use": partial(_start, "import runicorn; runicorn.init"),
        }
    )
    line("python -c pass", middle["pass"], "ms")
    is_quick = line("loading what init() needs as well adds", middle["use"] - middle["pass"], "ms", INIT)
    return line("import runicorn adds", middle["import"] - middle["pass"], "ms", IMPORT) and is_quick


def _start(text: str) -> float:
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    measured = []
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", text], cwd=Path(__file__).parent.parent, env=environment, check=True
        )
        measured.append((time.perf_counter() - began) * 1000)
    return _median(measured)


def _median(values: list[float]) -> float:
    return percentile(values, 0.5)


def main() -> int:
    with workplace() as (root, home):
        os.environ.update(RUNICORN_CONFIG_DIR=str(home / "config"), RUNICORN_DATA_DIR=str(home / "data"))
        within_limits = [logging(root), beginning(root), starting()]
    return 0 if all(within_limits) else 1


if __name__ == "__main__":
    raise SystemExit(main())
