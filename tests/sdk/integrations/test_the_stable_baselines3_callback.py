"""Real trainings with Stable-Baselines3, logged by the callback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("stable_baselines3"), pytest.mark.torture]


def _callback(**options: Any) -> Any:
    from runicorn.integrations.stable_baselines3 import RunicornCallback

    return RunicornCallback(project="control", **options)


@pytest.fixture
def model() -> Any:
    from stable_baselines3 import PPO

    return PPO("MlpPolicy", "CartPole-v1", n_steps=64, batch_size=32, n_epochs=1, device="cpu", seed=0)


def test_metrics_of_the_library_logger_are_logged(
    model: Any, tmp_path: Path, only_run: Callable[[], Record]
) -> None:
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import configure

    class Own(BaseCallback):
        def _on_step(self) -> bool:
            self.logger.record("own/steps", self.num_timesteps)
            self.logger.record("own/hidden", 1.0, exclude="runicorn")
            return True

    model.set_logger(configure(str(tmp_path / "csv"), ["csv"]))
    model.learn(192, callback=[_callback(), Own()])
    run = only_run()
    rows = (tmp_path / "csv" / "progress.csv").read_text().splitlines()
    names = rows[0].split(",")
    for name in ("rollout/ep_rew_mean", "train/loss"):
        logged_texts = [row.split(",")[names.index(name)] for row in rows[1:]]
        expected = [
            (64 * step, pytest.approx(float(text))) for step, text in enumerate(logged_texts, start=1) if text
        ]
        assert run.curve(name) == expected
    assert run.curve("own/steps")[-1] == (192, 192)
    assert "own/hidden" not in run.metrics()
    assert (run.config["algo"], run.config["gamma"], run.config["total_steps"]) == ("PPO", 0.99, 192)
    assert run.status["status"] == "finished"


def test_two_trainings_of_a_model_are_two_runs(model: Any, root: Path) -> None:
    callback = _callback()
    model.learn(64, callback=callback)
    model.learn(128, callback=callback, reset_num_timesteps=False)
    assert [[step for step, _ in run.curve("time/iterations")] for run in records(root)] == [[64], [128, 192]]
