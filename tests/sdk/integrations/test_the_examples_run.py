"""Every script of examples/, as a reader of the documents starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT, environment
from tests.records import records
from tests.sdk.integrations.libraries import needs_library

HEAVY = pytest.mark.torture
EXAMPLES = [
    pytest.param("digits", {"train/loss", "val/loss", "val/accuracy", "val/f1", "epoch"}, marks=[]),
    pytest.param("with_xgboost", {"train/mlogloss", "val/merror"}, marks=[needs_library("xgboost")]),
    pytest.param("with_sklearn", {"train/loss"}, marks=[]),
    pytest.param("with_hydra", {"val/accuracy"}, marks=[]),
    *(
        pytest.param(f"with_{name}", expected, marks=[needs_library(*libraries), HEAVY])
        for name, expected, libraries in (
            ("pytorch", {"train/loss", "val/accuracy", "train/lr"}, ["torch"]),
            ("lightning", {"train/loss", "val/accuracy"}, ["lightning", "torch"]),
            ("lightning_logger", {"train/loss", "val/accuracy"}, ["lightning", "torch"]),
            ("transformers", {"train/loss", "eval/accuracy"}, ["transformers", "accelerate", "torch"]),
            ("accelerate", {"train/loss"}, ["accelerate", "torch"]),
            ("keras", {"train/loss", "val/accuracy"}, ["keras", "torch"]),
            ("lightgbm", {"val_multi_logloss"}, ["lightgbm"]),
            ("catboost", {"validation-MultiClass"}, ["catboost"]),
            ("fastai", {"train_loss", "accuracy"}, ["fastai", "torch"]),
            ("ultralytics", {"train/loss", "metrics/accuracy_top1"}, ["ultralytics", "torch"]),
            ("stable_baselines3", {"rollout/ep_rew_mean"}, ["stable_baselines3"]),
            ("optuna", {"intermediate_value"}, ["optuna"]),
            ("ray", {"val/accuracy"}, ["ray"]),
        )
    ),
]
RUNS = {"with_optuna": 8, "with_ray": 2}
"""Numbers of runs of the examples that search; every other one makes one run."""


@pytest.mark.parametrize(("example", "expected"), EXAMPLES)
def test_each_example_trains_and_finishes_its_run(
    example: str, expected: set[str], folder: Path, home: Path
) -> None:
    home.mkdir()
    epochs = ["epochs=3"] if example == "with_hydra" else ["--epochs", "3"]
    ended = subprocess.run(
        [sys.executable, str(PROJECT / "examples" / f"{example}.py"), *epochs],
        env=environment(
            home,
            RUNICORN_DIR=str(folder),
            KERAS_BACKEND="torch",
            OMP_NUM_THREADS="1",
            WANDB_MODE="disabled",
            YOLO_CONFIG_DIR=str(home),
        ),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    runs = records(folder)
    assert len(runs) == RUNS.get(example, 1)
    run = runs[0]
    assert run.status["status"] == "finished"
    assert run.meta["project"] == "digits"
    assert expected <= run.metrics()
    assert all(len(run.curve(name)) >= 3 for name in expected)
    assert run.config


def test_every_example_is_run() -> None:
    scripts = {path.stem for path in (PROJECT / "examples").glob("*.py")}
    assert scripts == {parameters.values[0] for parameters in EXAMPLES}
