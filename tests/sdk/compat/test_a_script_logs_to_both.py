"""`RUNICORN_ALSO`: the real library gets the same calls, and its failures stop nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.processes import PROJECT, environment
from tests.records import records
from tests.sdk.compat.conftest import Launch
from tests.sdk.integrations.libraries import needs_library
from tests.waiting import until

LIBRARY = """
import json, os
class Table:
    def __init__(self, columns, data): self.shown = [columns, data]
class Histogram:
    def __init__(self, np_histogram): self.shown = np_histogram
class Image:
    def __init__(self, path, caption=None): self.shown = [open(path, "rb").read(4).decode("latin-1"), caption]
class Artifact:
    def __init__(self, name, type, **about): self.shown = [name, type, about]
    def add_file(self, path, name): self.shown += [name, open(path).read()]
def _note(*call):
    with open(os.environ["CALLS"], "a") as file:
        file.write(json.dumps(call, default=lambda value: value.shown) + "\\n")
def _method(name):
    def method(*arguments, **options):
        if name == os.environ.get("FAILS"):
            raise RuntimeError("no network")
        _note(name, arguments, options)
    return method
class _Part:
    def __init__(self, name): self.update = _method(name + ".update")
init, log, define_metric, log_artifact, finish = map(
    _method, ("init", "log", "define_metric", "log_artifact", "finish"))
config, summary = _Part("config"), _Part("summary")
"""
SCRIPT = """
    import numpy as np, wandb
    run = wandb.init(project="p", name="one", config={"lr": 0.1}, tags=("a",))
    wandb.config.epochs = 2
    run.define_metric("loss", summary="min")
    for n in range(3):
        wandb.log({"loss": np.float32(n), "deep": {"x": n}})
    wandb.log({"image": wandb.Image(np.zeros((4, 4)), caption="c"), "hist": wandb.Histogram([1, 2, 3], num_bins=2),
               "table": wandb.Table(columns=["a"], data=[[1]])}, step=9)
    run.summary["best"] = 1
    open("note.txt", "w").write("hello")
    artifact = wandb.Artifact("data", type="dataset"); artifact.add_file("note.txt")
    run.log_artifact(artifact, aliases=["best"])
"""


@pytest.fixture
def library(tmp_path: Path) -> dict[str, str]:
    """Variables with which a library `wandb` is installed that notes its calls."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "wandb.py").write_text(LIBRARY)
    (tmp_path / "wandb").mkdir()  # the folder that W&B creates in the working directory
    path = os.pathsep.join([str(PROJECT), str(tmp_path / "site")])
    return {"PYTHONPATH": path, "CALLS": str(tmp_path / "calls"), "RUNICORN_ALSO": "wandb"}


def _calls(variables: dict[str, str]) -> list[list[Any]]:
    path = Path(variables["CALLS"])
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_real_library_gets_the_same_calls(
    launch: Launch, folder: Path, tmp_path: Path, library: dict[str, str]
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = launch(SCRIPT, TMPDIR=str(temporary), **library)
    assert process.returncode == 0, process.stderr
    assert _calls(library) == [
        ["init", [], {"project": "p", "name": "one", "config": {"lr": 0.1}, "tags": ["a"]}],
        ["config.update", [{"epochs": 2}], {"allow_val_change": True}],
        ["define_metric", ["loss"], {"summary": "min"}],
        *(["log", [{"loss": n, "deep": {"x": n}}], {"step": None, "commit": None}] for n in range(3)),
        [
            "log",
            [{"image": ["\x89PNG", "c"], "hist": [[1, 2], [1, 2, 3]], "table": [["a"], [[1]]]}],
            {"step": 9, "commit": None},
        ],
        ["summary.update", [{"best": 1}], {}],
        ["log_artifact", [["data", "dataset", {}, "note.txt", "hello"]], {"aliases": ["best"]}],
        ["finish", [], {"exit_code": 0}],
    ]
    (run,) = records(folder)
    assert run.curve("loss") == [(0, 0), (1, 1), (2, 2)] and run.status["status"] == "finished"
    until(lambda: not list(temporary.iterdir()))


@pytest.mark.parametrize("fault", ["a failing call", "a failing start", "a missing library"])
def test_a_failure_there_stops_neither_the_run_nor_the_script(
    launch: Launch, folder: Path, tmp_path: Path, library: dict[str, str], fault: str
) -> None:
    if fault == "a missing library":
        (tmp_path / "site" / "wandb.py").write_text("raise ImportError('broken')")
    fails = {"a failing call": "log", "a failing start": "init"}.get(fault, "")
    process = launch(f"{SCRIPT}\n    raise SystemExit(3)\n", FAILS=fails, **library)
    assert process.returncode == 3
    (run,) = records(folder)
    assert run.curve("loss") == [(0, 0), (1, 1), (2, 2)] and run.status["status"] == "failed"
    assert process.stderr.count("no network" if fails else "cannot be imported") == 1
    if fails == "log":
        assert _calls(library)[-1] == ["finish", [], {"exit_code": 1}]


def test_a_killed_script_is_finished_there_as_failed(
    folder: Path, home: Path, tmp_path: Path, library: dict[str, str]
) -> None:
    text = "import time, wandb\nwandb.init(project='p')\nwandb.log({'a': 1})\ntime.sleep(600)\n"
    (tmp_path / "train.py").write_text(text)
    variables = environment(home, RUNICORN_DIR=str(folder), **library)
    process = subprocess.Popen(
        [sys.executable, "-m", "runicorn.compat", "train.py"], cwd=tmp_path, env=variables
    )
    try:
        until(lambda: len(_calls(library)) == 2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    until(lambda: _calls(library)[-1] == ["finish", [], {"exit_code": 1}])


@needs_library("wandb")
@pytest.mark.torture
def test_the_real_wandb_writes_the_same_run(launch: Launch, folder: Path, tmp_path: Path) -> None:
    process = launch(SCRIPT, RUNICORN_ALSO="wandb", WANDB_MODE="offline", HOME=str(tmp_path))
    assert process.returncode == 0, process.stderr
    from runicorn_importers.experiment import Experiment, Point
    from runicorn_importers.wandb import read

    (theirs,) = read(tmp_path / "wandb")
    assert isinstance(theirs, Experiment)
    points = [entry for entry in theirs.entries() if isinstance(entry, Point) and "loss" in entry.values]
    (ours,) = records(folder)
    assert [(point.step, point.values["loss"]) for point in points] == ours.curve("loss")
    assert (theirs.project, theirs.name, theirs.status) == ("p", "one", "finished")
    assert (theirs.config["lr"], theirs.config["epochs"]) == (0.1, 2)


@needs_library("trackio")
@pytest.mark.torture
def test_the_real_trackio_writes_the_same_run(launch: Launch, folder: Path, tmp_path: Path) -> None:
    script = """
        import trackio
        trackio.init(project="p", name="one", config={"lr": 0.1})
        for n in range(3):
            trackio.log({"loss": n})
        trackio.finish()
    """
    variables = {"TRACKIO_DIR": str(tmp_path / "trackio"), "HF_HUB_OFFLINE": "1", "HOME": str(tmp_path)}
    process = launch(script, RUNICORN_ALSO="trackio", **variables)
    assert process.returncode == 0, process.stderr
    from runicorn_importers.experiment import Experiment, Point
    from runicorn_importers.trackio import read

    (theirs,) = read(tmp_path / "trackio")
    assert isinstance(theirs, Experiment)
    (ours,) = records(folder)
    points = [entry for entry in theirs.entries() if isinstance(entry, Point) and "loss" in entry.values]
    assert [(point.step, point.values["loss"]) for point in points] == ours.curve("loss")


@needs_library("tensorboardX")
@pytest.mark.torture
def test_the_real_tensorboard_writes_the_same_values(launch: Launch, folder: Path, tmp_path: Path) -> None:
    script = """
        import numpy as np
        from tensorboardX import SummaryWriter
        with SummaryWriter("logs/one") as writer:
            for n in range(3):
                writer.add_scalar("loss", np.float32(n) / 4, n)
            writer.add_image("noise", np.zeros((3, 4, 4), np.uint8), 2)
            writer.add_histogram("weights", np.arange(10.0), global_step=2)
    """
    process = launch(script, RUNICORN_ALSO="tensorboard", HOME=str(tmp_path))
    assert (process.returncode, "was not logged" in process.stderr) == (0, False), process.stderr
    from runicorn_importers.experiment import Experiment, Point
    from runicorn_importers.tensorboard import read

    (theirs,) = read(tmp_path / "logs")
    assert isinstance(theirs, Experiment)
    points = [entry for entry in theirs.entries() if isinstance(entry, Point) and "loss" in entry.values]
    (ours,) = records(folder)
    assert [(point.step, point.values["loss"]) for point in points] == ours.curve("loss")
    events = b"".join(path.read_bytes() for path in (tmp_path / "logs" / "one").glob("events*"))
    assert b"noise" in events and b"PNG" in events and b"weights" in events


@needs_library("mlflow")
@pytest.mark.torture
def test_the_real_mlflow_writes_the_same_runs(launch: Launch, folder: Path, tmp_path: Path) -> None:
    script = """
        import mlflow
        mlflow.set_tracking_uri("file:mlruns")
        mlflow.set_experiment("p")
        with mlflow.start_run(run_name="outer", tags={"team": "a"}):
            mlflow.log_param("lr", 0.1)
            for n in range(3):
                mlflow.log_metric("loss", n / 4, step=n)
            mlflow.log_text("hello", "notes/note.txt")
            with mlflow.start_run(run_name="inner", nested=True):
                mlflow.log_metrics({"loss": 7})
        mlflow.start_run(run_name="left open")
    """
    process = launch(script, RUNICORN_ALSO="mlflow", HOME=str(tmp_path), MLFLOW_ALLOW_FILE_STORE="true")
    assert (process.returncode, "was not logged" in process.stderr) == (0, False), process.stderr
    from runicorn_importers.experiment import Experiment, Point
    from runicorn_importers.mlflow import read

    theirs = {
        experiment.name: experiment
        for experiment in read(tmp_path / "mlruns")
        if isinstance(experiment, Experiment)
    }
    ours = {record.meta["name"]: record for record in records(folder)}
    assert set(theirs) == set(ours) == {"outer", "inner", "left open"}
    for name, run in theirs.items():
        points = [entry for entry in run.entries() if isinstance(entry, Point) and "loss" in entry.values]
        assert [(point.step, point.values["loss"]) for point in points] == ours[name].curve("loss")
        assert run.status == "finished"
    assert theirs["outer"].config["lr"] in (0.1, "0.1")
    assert [path.read_text() for path in tmp_path.glob("mlruns/*/*/artifacts/notes/note.txt")] == ["hello"]
    parents = [path.read_text() for path in tmp_path.glob("mlruns/*/*/tags/mlflow.parentRunId")]
    assert len(parents) == 1
