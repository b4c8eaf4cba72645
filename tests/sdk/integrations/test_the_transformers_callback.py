"""Real trainings with the Hugging Face Trainer, and what the callback has written of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from tests.records import Record, records
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("transformers", "torch", "accelerate"), pytest.mark.torture]


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Any]:
    """Trains a line for six steps, and answers the Trainer."""
    import torch
    from transformers import Trainer, TrainingArguments

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def forward(self, x: Any, labels: Any = None) -> dict[str, Any]:
            if self.training and self.layer.weight.isnan().any():
                raise RuntimeError("stumbled")
            y = self.layer(x)
            return {"loss": ((y - labels) ** 2).mean(), "logits": y}

    rows = [{"x": torch.tensor([i / 8]), "labels": torch.tensor([i / 4])} for i in range(8)]

    def train(callback: Any = None, stumble: bool = False, **settings: Any) -> Trainer:
        options = {
            "max_steps": 6,
            "logging_steps": 2,
            "eval_strategy": "steps",
            "eval_steps": 3,
            "save_strategy": "no",
            "report_to": "none",
        }
        arguments = TrainingArguments(
            str(tmp_path / "out"),
            **{**options, **settings},
            learning_rate=0.5,
            use_cpu=True,
            disable_tqdm=True,
        )
        model = Line()
        if stumble:
            torch.nn.init.constant_(model.layer.weight, float("nan"))
        trainer = Trainer(
            model,
            arguments,
            train_dataset=rows,
            eval_dataset=rows,
            callbacks=[callback] if callback else None,
        )
        trainer.train()
        return trainer

    return train


def _callback(*arguments: Any, **options: Any) -> Any:
    from runicorn.integrations.transformers import RunicornCallback

    return RunicornCallback(*arguments, **options)


def test_what_the_trainer_logs_is_logged(train: Callable[..., Any], only_run: Callable[[], Record]) -> None:
    trainer = train(_callback(project="text", name="line"))
    run, history = only_run(), trainer.state.log_history
    for ours, theirs in (
        ("train/loss", "loss"),
        ("train/learning_rate", "learning_rate"),
        ("eval/loss", "eval_loss"),
    ):
        assert run.curve(ours) == [(row["step"], row[theirs]) for row in history if theirs in row]
        assert run.curve(ours)
    assert run.curve("epoch")[-1] == (6, 6.0)
    assert run.status["status"] == "finished"


def test_totals_are_in_the_summary_and_no_curves(
    train: Callable[..., Any], only_run: Callable[[], Record]
) -> None:
    train(_callback(project="text"))
    run = only_run()
    assert {"train_runtime", "train_loss", "train_steps_per_second"} <= run.summary.keys()
    assert not [name for name in run.metrics() if "runtime" in name and not name.startswith("eval/")]


def test_the_arguments_are_in_the_config(train: Callable[..., Any], only_run: Callable[[], Record]) -> None:
    train(_callback(project="text", config={"seed": "mine"}))
    config = only_run().config
    assert config["learning_rate"] == 0.5
    assert config["total_steps"] == 6
    assert config["seed"] == "mine"
    assert "run_name" not in config  # not set


def test_a_later_evaluation_belongs_to_the_run_of_the_training(
    train: Callable[..., Any], only_run: Callable[[], Record]
) -> None:
    trainer = train(_callback(project="text"))
    expected = trainer.evaluate()
    run = only_run()
    assert run.curve("eval/loss")[-1] == (6, expected["eval_loss"])
    assert len(run.curve("eval/loss")) == 3
    assert run.status["status"] == "finished"


def test_two_trainings_are_two_runs(train: Callable[..., Any], root: Path) -> None:
    trainer = train(_callback(project="text"))
    trainer.train()
    assert [len(run.curve("train/loss")) for run in records(root)] == [3, 3]


def test_a_training_that_broke_off_is_ended_by_the_next(train: Callable[..., Any], root: Path) -> None:
    callback = _callback(project="text")
    with pytest.raises(RuntimeError, match="stumbled"):
        train(callback, stumble=True)
    train(callback)
    assert [run.status["status"] for run in records(root)] == ["failed", "finished"]


def test_report_to_needs_no_callback(train: Callable[..., Any], only_run: Callable[[], Record]) -> None:
    import runicorn.integrations.transformers  # noqa: F401  (registers the name)

    train(report_to="runicorn", run_name="out/first", project="lines")
    run = only_run()
    assert (run.meta["project"], run.meta["name"]) == ("lines", "out-first")
    assert [step for step, _ in run.curve("train/loss")] == [2, 4, 6]
    assert run.config["report_to"] == ["runicorn"]
    assert run.status["status"] == "finished"


def test_report_to_uses_the_active_run(train: Callable[..., Any], only_run: Callable[[], Record]) -> None:
    import runicorn.integrations.transformers  # noqa: F401

    with rn.init("mine") as run:
        train(report_to="runicorn")
        assert run.is_open()
    assert only_run().meta["project"] == "mine"
