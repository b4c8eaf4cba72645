"""Servers of trackers over many small runs and a long one: first index, a list of runs, and a chart.

Each tracker writes its runs itself. The first index is the time from the start of its server until a list has all runs;
cold is the first chart of that server, warm the median of later ones.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import requests

from benchmarks.support.processes import environment, free_port
from benchmarks.support.rounds import line, percentile
from benchmarks.support.waiting import until

STEPS, LONG = 20, 100_000
REPEATS = 20
LONGEST = 1800.0
LIMITS = {"first index": ("s", 12.0), "list": ("ms", 3.0), "cold": ("ms", 15.0), "warm": ("ms", 6.0)}
"""For Runicorn; those of peers are only printed."""
METRICS = ("train/loss", "train/accuracy", "val/loss", "val/accuracy")


class Server(NamedTuple):
    """The server of a tracker.

    Attributes:
        fill: program that writes the runs, with `folder`, `runs`, `metrics`, `steps` and `long`; prints the id of the
            long run at the end.
        command: arguments of its Python, with `{folder}` and `{port}`.
        count: returns the number of runs that the server at a URL knows.
        list: requests 50 runs, or all where the tracker has no pages.
        chart: requests the chart of a run by its id.
    """

    fill: str
    command: tuple[str, ...]
    count: Callable[[str], int]
    list: Callable[[str], requests.Response]
    chart: Callable[[str, str], requests.Response]


def _mlflow_search(url: str, most: int) -> requests.Response:
    body = {"experiment_ids": ["0"], "max_results": most}
    return requests.post(f"{url}/api/2.0/mlflow/runs/search", json=body, timeout=600)


def _get(url: str, **params: Any) -> requests.Response:
    return requests.get(url, params=params, timeout=600)


def _listed(url: str) -> int:
    answer = _get(f"{url}/api/v2/experiments", per_page=1, where="metric.val/loss.last>=0")
    return int(answer.json()["total"]) if answer.ok else 0


SERVERS = {
    "Runicorn": Server(
        """
import runicorn
for number in range(runs):
    options = dict(capture_env=False, system_metrics=False)
    run = runicorn.init("bench", f"run-{number % 40}", storage=folder, config={"seed": number}, **options)
    for step in range(steps):
        run.log({name: 1 / (step + 1) for name in metrics}, step=step)
    run.finish()
run = runicorn.init("bench", "long", storage=folder, capture_env=False, system_metrics=False)
for step in range(long):
    run.log({"loss": 1 / (step + 1), "val/loss": 0.5}, step=step)
run.finish()
print(run.id)
""",
        ("-m", "runicorn", "viewer", "--no-open", "--storage", "{folder}", "--port", "{port}"),
        _listed,
        lambda url: _get(f"{url}/api/v2/experiments", per_page=50),
        lambda url, run: _get(f"{url}/api/v2/experiments/{run}/series", names="loss", points=2000),
    ),
    "MLflow": Server(
        """
import time
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient
client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
for number in range(runs):
    run = client.create_run("0").info.run_id
    client.log_batch(run, [Metric(n, 1 / (s + 1), int(time.time() * 1000), s) for n in metrics for s in range(steps)])
    client.set_terminated(run)
run = client.create_run("0").info.run_id
for start in range(0, long, 1000):
    client.log_batch(run, [Metric("loss", 1 / (s + 1), int(time.time() * 1000), s) for s in range(start, start + 1000)])
print(run)
""",
        (
            *(
                "-m",
                "mlflow",
                "server",
                "--backend-store-uri",
                "sqlite:///{folder}/mlflow.db",
                "--port",
                "{port}",
            ),
            *("--workers", "1"),
        ),
        lambda url: len(_mlflow_search(url, 50_000).json().get("runs", ())),
        lambda url: _mlflow_search(url, 50),
        lambda url, run: _get(
            f"{url}/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval",
            run_ids=run,
            metric_key="loss",
            max_results=2000,
        ),
    ),
    "TensorBoard": Server(
        """
from tensorboardX import SummaryWriter
for number in range(runs):
    with SummaryWriter(f"{folder}/run-{number}") as writer:
        for step in range(steps):
            for name in metrics:
                writer.add_scalar(name, 1 / (step + 1), step)
with SummaryWriter(f"{folder}/long") as writer:
    for step in range(long):
        writer.add_scalar("loss", 1 / (step + 1), step)
print("long")
""",
        (
            "-m",
            "tensorboard.main",
            "--logdir",
            "{folder}",
            "--port",
            "{port}",
            "--samples_per_plugin",
            "scalars=2000",
        ),
        lambda url: len(_get(f"{url}/data/plugin/scalars/tags").json()),
        lambda url: _get(f"{url}/data/plugin/scalars/tags"),
        lambda url, run: _get(f"{url}/data/plugin/scalars/scalars", run=run, tag="loss"),
    ),
}
NOT_MEASURED = {
    "W&B": "its offline files have no server",
    "Aim": "its server has no documented interface for programs",
    "Trackio": "its server has no documented interface for programs",
}


def measure(name: str, python: Path, folder: Path, runs: int) -> bool:
    """Print the measurements of a tracker; return whether ours are within their limits."""
    if name not in SERVERS:
        print(f"{name}: first index, list and chart: not measured, {NOT_MEASURED[name]}", flush=True)
        return True
    server = SERVERS[name]
    folder.mkdir()
    values = {"folder": str(folder), "runs": runs, "metrics": METRICS, "steps": STEPS, "long": LONG}
    program = "".join(f"{key} = {value!r}\n" for key, value in values.items()) + server.fill
    ours = environment(folder / "home", HOME=str(folder))
    del ours["PYTHONPATH"]  # the installed packages, not this checkout
    training = subprocess.run(
        [python, "-c", program], env=ours, cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    run, port = training.stdout.split()[-1], free_port()
    command = [text.format(folder=folder, port=port) for text in server.command]
    url, began = f"http://127.0.0.1:{port}", time.perf_counter()
    process = subprocess.Popen(
        [python, *command],
        env=ours | {"RUNICORN_RATE_LIMIT": "off"},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: _count(server, url) > runs, timeout=LONGEST)
        figures = {"first index": time.perf_counter() - began}
        figures["cold"] = _milliseconds(lambda: server.chart(url, run))
        figures["warm"] = percentile(
            [_milliseconds(lambda: server.chart(url, run)) for _ in range(REPEATS)], 0.5
        )
        figures["list"] = percentile([_milliseconds(lambda: server.list(url)) for _ in range(REPEATS)], 0.5)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
    texts = {
        "first index": f"{name}: start until a list has {runs:,} small runs",
        "list": f"{name}: list of 50 of them",
        "cold": f"{name}: chart of {LONG:,} points, first",
        "warm": f"{name}: chart of {LONG:,} points, warm",
    }
    within_limits = True
    for key, text in texts.items():
        unit, limit = LIMITS[key]
        within_limits &= line(text, figures[key], unit, limit if name == "Runicorn" else None)
    return within_limits


def _count(server: Server, url: str) -> int:
    try:
        return server.count(url)
    except (requests.ConnectionError, ValueError):
        return 0


def _milliseconds(ask: Callable[[], requests.Response]) -> float:
    began = time.perf_counter()
    answer = ask()
    measured = (time.perf_counter() - began) * 1000
    answer.raise_for_status()
    return measured
