"""Real programs of Hydra, and what the callback has written of their jobs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import environment
from tests.records import records

PROGRAM = """
import hydra
import runicorn as rn

@hydra.main(version_base=None, config_path=".", config_name="config")
def main(config):
    rn.log({"loss": config.optim.lr})
    if config.optim.lr > 1:
        raise ValueError("stumbled")
    return 2 * config.optim.lr

main()
"""
CONFIG = """
optim: {lr: 0.1, name: adam}
double: ${optim.name}-${optim.name}
hydra:
  callbacks:
    runicorn:
      _target_: runicorn.integrations.hydra.RunicornCallback
      project: vision
      tags: [hydra]
"""


@pytest.fixture
def launch(root: Path, home: Path, tmp_path: Path) -> object:
    """Start the program; return its exit code."""
    (tmp_path / "train.py").write_text(PROGRAM)
    (tmp_path / "config.yaml").write_text(CONFIG)

    def start(*words: str) -> int:
        return subprocess.run(
            [sys.executable, "train.py", *words],
            env=environment(home, RUNICORN_DIR=str(root)),
            cwd=tmp_path,
            capture_output=True,
            check=False,
        ).returncode

    return start


def test_a_job_is_a_run_with_its_composed_config(launch: object, root: Path) -> None:
    assert callable(launch) and launch("optim.lr=0.5") == 0
    (run,) = records(root)
    output = run.config.pop("hydra.output_dir")
    assert run.config | {"hydra.output_dir": ""} == {
        "optim.lr": 0.5,
        "optim.name": "adam",
        "double": "adam-adam",
        "hydra.job": "train",
        "hydra.overrides": "optim.lr=0.5",
        "hydra.output_dir": "",
    }
    assert Path(output, ".hydra", "config.yaml").exists()
    assert (run.meta["project"], run.meta["name"], run.meta["tags"]) == ("vision", "train", ["hydra"])
    assert run.curve("loss") == [(1, 0.5)]
    assert run.summary["result"] == 1.0
    assert run.status["status"] == "finished"


def test_the_jobs_of_a_multirun_are_a_group_and_a_failed_one_is_failed(launch: object, root: Path) -> None:
    assert callable(launch) and launch("--multirun", "optim.lr=0.1,2") == 1
    runs = records(root)
    assert [run.config["hydra.overrides"] for run in runs] == ["optim.lr=0.1", "optim.lr=2"]
    assert [run.config["hydra.job"] for run in runs] == ["0", "1"]
    assert [run.status["status"] for run in runs] == ["finished", "failed"]
    assert runs[1].status["exit_reason"] == "ValueError: stumbled"
    (group,) = {run.meta["group"] for run in runs}
    assert group.startswith("multirun-")
