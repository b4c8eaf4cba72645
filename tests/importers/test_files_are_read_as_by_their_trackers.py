"""Files of W&B and SwanLab read back by the trackers' own readers, compared value by value with the imported runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runicorn.store import layout
from tests.importers.test_import_of_trackers import journal, run_import, runs, small, unpacked

pytestmark = [pytest.mark.torture, pytest.mark.timeout(1800)]
LONG = 70_000
"""Length of a text that fills several blocks of a file."""
READ_WANDB = """
import json, sys
from wandb.proto.wandb_internal_pb2 import Record
from wandb.sdk.internal.datastore import DataStore

points, config = {}, {}
store = DataStore()
store.open_for_scan(sys.argv[1])
while (data := store.scan_data()) is not None:
    record = Record()
    record.ParseFromString(data)
    if record.WhichOneof("record_type") == "run":
        config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
    if record.WhichOneof("record_type") == "history":
        row = {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
        media = tuple(key.removesuffix("_type") for key in row if key.endswith("._type"))
        for key, value in row.items():
            if isinstance(value, (int, float, str)) and not key.startswith(("_", *media)):
                points.setdefault(key, []).append((row["_step"], value))
print(json.dumps({"points": points, "config": {key: config[key] for key in config if key != "_wandb"}}))
"""
READ_SWANLAB = """
import json, sys
from swanlab.proto.swanlab.record.v1.record_pb2 import Record
from swanlab.sdk.internal.core_python.store import DataStoreReader

points, system = {}, set()
store = DataStoreReader()
store.open(sys.argv[1])
while (data := store.scan()) is not None:
    record = Record.FromString(data)
    if record.HasField("column") and record.column.column_class == 2:
        system.add(record.column.column_key)
    if record.HasField("scalar") and record.scalar.key not in system:
        points.setdefault(record.scalar.key, []).append((record.scalar.step, record.scalar.value.number))
print(json.dumps({"points": points}))
"""
WRITE = """
import random
numbers, special = random.Random(7), [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e-320, 2.0**53, -1, 10**15]
rows = [{"loss": numbers.gauss(0, 1), "odd": special[n % len(special)], "deep/er": numbers.expovariate(1)} for n in range(2000)]
"""
WRITE_WANDB = f"""{WRITE}
import wandb
run = wandb.init(project="vision", name="many", config={{"lr": 0.1, "text": "x" * {LONG}}}, mode="offline", dir=".")
for n, row in enumerate(rows):
    run.log({{**row, "nested": {{"one": n}}, "text": "y" * ({LONG} if n == 5 else 9), "even": n % 2 == 0}}, step=3 * n)
run.finish()
"""
WRITE_SWANLAB = f"""{WRITE}
import swanlab
swanlab.init(project="vision", experiment_name="many", config={{"text": "x" * {LONG}}}, mode="offline")
for n, row in enumerate(rows):
    swanlab.log(row, step=3 * n)
swanlab.finish()
"""


class Source(NamedTuple):
    """A tracker: its package with its own reader, programs that read and write, and the files."""

    package: str
    read: str
    write: str
    files: str


SOURCES = {
    # Later versions have no reader in Python.
    "wandb": Source("wandb==0.29.*", READ_WANDB, WRITE_WANDB, "run-*.wandb"),
    "swanlab": Source("swanlab==0.10.*", READ_SWANLAB, WRITE_SWANLAB, "run-*.swanlab"),
}
Program = Callable[..., str]


@pytest.fixture(scope="module", params=list(SOURCES))
def tracker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def program(tracker: str, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Runs a program in an environment with the tracker; installing it takes a minute."""
    folder = tmp_path_factory.mktemp(tracker)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", SOURCES[tracker].package], check=True)

    def run(text: str, *arguments: object, cwd: Path) -> str:
        home = {"HOME": str(cwd), "WANDB_SILENT": "true", "WANDB_DATA_DIR": str(cwd)}
        command = [python, "-c", text, *map(str, arguments)]
        process = subprocess.run(command, cwd=cwd, env=os.environ | home, capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
        return process.stdout

    return run


def points_of(run: Path) -> dict[str, list[list[Any]]]:
    """The points of a run; numbers as JSON writes them, since NaN equals nothing."""
    points_by_key: dict[str, list[list[Any]]] = {}
    for data in journal(run):
        for key, value in data.items():
            if key not in ("global_step", "time"):
                points_by_key.setdefault(key, []).append([data["global_step"], json.dumps(value)])
    return points_by_key


def compare(program: Program, tracker: str, path: Path, root: Path) -> int:
    """Import a folder with one run, compare it with what the tracker reads, and return the number of points."""
    (file,) = path.rglob(SOURCES[tracker].files)
    expected = json.loads(program(SOURCES[tracker].read, file, cwd=path))
    run_import(tracker, path, root)
    (run,) = runs(root).values()
    points = {
        key: [[step, json.dumps(value)] for step, value in series]
        for key, series in expected["points"].items()
    }
    written_points = points_of(run)
    assert written_points.keys() == points.keys()
    differences = [
        (key, pair)
        for key in points
        for pair in zip_longest(points[key], written_points[key])
        if pair[0] != pair[1]
    ]
    assert not differences[:5]
    if "config" in expected:
        config = small(run, layout.CONFIG)
        assert {key: config[key] for key, value in expected["config"].items() if key in config} == {
            key: value for key, value in expected["config"].items() if not isinstance(value, dict)
        }
    return sum(map(len, points.values()))


def test_the_stored_file_is_read_as_by_the_tracker(
    program: Program, tracker: str, tmp_path: Path, folder: Path
) -> None:
    assert compare(program, tracker, unpacked(tracker, tmp_path), folder) >= 41


def test_a_long_file_with_odd_values_is_read_as_by_the_tracker(
    program: Program, tracker: str, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "work"
    path.mkdir()
    program(SOURCES[tracker].write, cwd=path)
    assert compare(program, tracker, path, folder) >= 6000
