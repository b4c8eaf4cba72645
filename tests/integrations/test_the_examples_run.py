"""Every script of examples/, as a reader of the documents starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integrations.libraries import needs_library
from tests.processes import PROJECT, environment
from tests.records import records

HEAVY = pytest.mark.torture
EXAMPLES = [
    pytest.param("digits", {"train/loss", "val/loss", "val/accuracy", "val/f1", "epoch"}, marks=[]),
    pytest.param("with_xgboost", {"train/mlogloss", "val/merror"}, marks=[needs_library("xgboost")]),
    pytest.param(
        "with_pytorch", {"train/loss", "val/accuracy", "train/lr"}, marks=[needs_library("torch"), HEAVY]
    ),
    pytest.param(
        "with_lightning", {"train/loss", "val/accuracy"}, marks=[needs_library("lightning", "torch"), HEAVY]
    ),
    pytest.param(
        "with_transformers",
        {"train/loss", "eval/accuracy"},
        marks=[needs_library("transformers", "accelerate", "torch"), HEAVY],
    ),
    pytest.param(
        "with_keras", {"train/loss", "val/accuracy"}, marks=[needs_library("keras", "torch"), HEAVY]
    ),
]


@pytest.mark.parametrize(("example", "expected"), EXAMPLES)
def test_each_example_trains_and_finishes_its_run(
    example: str, expected: set[str], folder: Path, home: Path
) -> None:
    home.mkdir()
    ended = subprocess.run(
        [sys.executable, str(PROJECT / "examples" / f"{example}.py"), "--epochs", "3"],
        env=environment(home, RUNICORN_DIR=str(folder), KERAS_BACKEND="torch", OMP_NUM_THREADS="1"),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    (run,) = records(folder)
    assert run.status["status"] == "finished"
    assert run.meta["project"] == "digits"
    assert expected <= run.metrics()
    assert all(len(run.curve(name)) >= 3 for name in expected)
    assert run.config


def test_every_example_is_run() -> None:
    scripts = {path.stem for path in (PROJECT / "examples").glob("*.py")}
    assert scripts == {parameters.values[0] for parameters in EXAMPLES}
