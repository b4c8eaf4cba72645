"""Compare Runicorn with MLflow, W&B, TensorBoard, Aim and Trackio on this machine.

Each tracker is installed from the package index into a virtual environment of its own below FOLDER, and logs to local
files without a network. Printed for each: the size of the installation, the time to import it and start a run, the
median of the call that logs five metrics, and how many records can be read after the process was killed (SIGKILL)
right after the last call. The importers of Runicorn read the files of the other trackers; where they cannot read a run
that ended normally, the last value is "not measured". At last the servers of those that have one are measured over many runs
(`benchmarks.tracker_servers`).

python -m benchmarks.trackers FOLDER [ROUNDS] [RUNS]
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks import tracker_servers
from benchmarks.support.rounds import line
from runicorn_importers.cli.import_from import Tracker, reader
from runicorn_importers.experiment import Experiment, NotReadable, Point

PROJECT = Path(__file__).resolve().parents[1]
ROUNDS, RUNS = 3, 10_000
RECORDS = 300
HELPER_SECONDS = 10
METRICS = {"train/loss": 0.123, "train/acc": 0.987, "lr": 0.001, "grad_norm": 1.234, "epoch": 3.0}
PROGRAM = """
import os, statistics, sys, time
folder, metrics, kill = sys.argv[1], {metrics!r}, sys.argv[2] == "kill"
began = time.perf_counter()
{imports}
{start}
started = time.perf_counter() - began
clock, durations = time.perf_counter_ns, []
for step in range({records}):
    began = clock()
    {log}
    durations.append(clock() - began)
print(started * 1000, statistics.median(durations) / 1000, flush=True)
if kill:
    os.kill(os.getpid(), 9)
"""


class Peer(NamedTuple):
    """A tracker: its packages and the lines of a program that logs with it."""

    packages: tuple[str, ...]
    imports: str
    start: str
    log: str
    tracker: Tracker | None


PEERS = {
    "Runicorn": Peer(
        (str(PROJECT / "sdk"), str(PROJECT)),
        "import runicorn",
        "run = runicorn.init('bench', storage=folder)",
        "run.log(metrics)",
        None,
    ),
    "MLflow": Peer(
        ("mlflow",),
        "import mlflow",
        "mlflow.set_tracking_uri(f'sqlite:///{folder}/mlflow.db'); mlflow.start_run()",
        "mlflow.log_metrics(metrics, step=step)",
        Tracker.MLFLOW,
    ),
    "W&B": Peer(
        ("wandb",),
        "import wandb",
        "run = wandb.init(project='bench', mode='offline', dir=folder)",
        "run.log(metrics)",
        Tracker.WANDB,
    ),
    "TensorBoard": Peer(
        ("tensorboard", "tensorboardX"),
        "from tensorboardX import SummaryWriter",
        "writer = SummaryWriter(folder)",
        "for name, value in metrics.items(): writer.add_scalar(name, value, step)",
        Tracker.TENSORBOARD,
    ),
    "Aim": Peer(
        ("aim",),
        "import aim",
        "run = aim.Run(repo=folder)",
        "run.track(metrics, step=step)",
        Tracker.AIM,
    ),
    "Trackio": Peer(
        ("trackio",),
        "import trackio",
        "trackio.init(project='bench')",
        "trackio.log(metrics)",
        Tracker.TRACKIO,
    ),
}


def main(folder: Path, rounds: int, runs: int) -> bool:
    pythons = {}
    for name, peer in PEERS.items():
        try:
            pythons[name] = install(folder / name, peer.packages)
        except subprocess.CalledProcessError:
            print(f"{name}: not measured, it cannot be installed here", flush=True)
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in pythons}
    for number in range(rounds + 1):
        for name, python in pythons.items():
            output = run_program(python, PEERS[name], folder / f"data-{os.getpid()}-{name}-{number}")
            if number:  # the first round compiles bytecode
                measured[name].append(output)
    for name in pythons:
        peer = PEERS[name]
        starts, calls = (statistics.median(values) for values in zip(*measured[name], strict=True))
        files = folder / f"data-{os.getpid()}-{name}-killed"
        run_program(pythons[name], peer, files, kill=True)
        packages = list(pythons[name].parents[1].glob("lib/python*/site-packages/*.dist-info"))
        size = sum(path.stat().st_size for path in pythons[name].parents[1].rglob("*") if path.is_file())
        line(f"{name}: installed packages", len(packages), "")
        line(f"{name}: installed size", size / 2**20, "MB")
        line(f"{name}: import and start of a run", starts, "ms")
        line(f"{name}: log five metrics, median", calls, "µs")
        ended = folder / f"data-{os.getpid()}-{name}-{rounds}"
        if count_records(peer, ended, pythons[name]) == RECORDS:
            line(
                f"{name}: records after SIGKILL, of {RECORDS}", count_records(peer, files, pythons[name]), ""
            )
        else:
            print(f"{name}: records after SIGKILL: not measured", flush=True)
    folders = {name: folder / f"data-{os.getpid()}-{name}-server" for name in pythons}
    return all(tracker_servers.measure(name, python, folders[name], runs) for name, python in pythons.items())


def install(environment: Path, packages: tuple[str, ...]) -> Path:
    """Return the Python of an environment with `packages`, created if it is missing."""
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def run_program(python: Path, peer: Peer, folder: Path, kill: bool = False) -> tuple[float, float]:
    """Return milliseconds until the run has started and microseconds of a call."""
    folder.mkdir()
    program = PROGRAM.format(metrics=METRICS, records=RECORDS, **peer._asdict())
    process = subprocess.Popen(
        [python, "-c", program, folder, "kill" if kill else "end"],
        cwd=folder,
        env=os.environ | {"TRACKIO_DIR": str(folder), "HF_HUB_OFFLINE": "1", "HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    output = next(text for text in process.stdout if text.replace(".", "").replace(" ", "").strip().isdigit())
    status = process.wait()
    assert status == (-signal.SIGKILL if kill else 0), status
    wait_for_helpers(process.pid)
    started, call = map(float, output.split())
    return started, call


def wait_for_helpers(session: int) -> None:
    """Wait for processes that a tracker has started: they may still write."""
    deadline = time.monotonic() + HELPER_SECONDS
    while time.monotonic() < deadline and any(
        _session(process) == session for process in psutil.process_iter()
    ):
        time.sleep(0.1)


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except OSError:
        return -1


def count_records(peer: Peer, folder: Path, python: Path) -> int:
    """Return how many records of the first metric can be read."""
    if peer.tracker is None:
        (journal,) = folder.rglob("events.jsonl")
        return sum(
            "train/loss" in json.loads(text).get("data", {}) for text in journal.read_text().splitlines()
        )
    try:
        experiments = list(reader(peer.tracker, str(python))(folder))
    except NotReadable:
        return 0
    entries = [
        entry
        for experiment in experiments
        if isinstance(experiment, Experiment)
        for entry in experiment.entries()
    ]
    return sum(
        isinstance(entry, Point) and any("train/loss" in key for key in entry.values) for entry in entries
    )


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[2:]]
    rounds, runs = [*numbers, *(ROUNDS, RUNS)[len(numbers) :]]
    sys.exit(not main(Path(sys.argv[1]).resolve(), rounds, runs))
