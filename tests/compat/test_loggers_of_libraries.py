"""The loggers that libraries have for other trackers, unchanged, in smallest trainings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.conftest import Launch
from tests.integrations.libraries import needs_library
from tests.records import records

pytestmark = pytest.mark.torture
TRAINER = """
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
    config = BertConfig(vocab_size=32, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    rows = [{{"input_ids": torch.arange(4), "labels": n % 2}} for n in range(16)]
    options = TrainingArguments(
        output_dir="out", max_steps=4, logging_steps=1, eval_strategy="steps", eval_steps=2, report_to="{tracker}",
        per_device_train_batch_size=4, use_cpu=True, save_strategy="no", disable_tqdm=True, run_name="tiny",
    )
    Trainer(BertForSequenceClassification(config), options, train_dataset=rows, eval_dataset=rows).train()
"""
LIGHTNING = """
    import lightning, torch
    from lightning.pytorch.loggers import {logger}
    class Line(lightning.LightningModule):
        def __init__(self, lr=0.25):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(1, 1)
        def training_step(self, batch, index):
            loss = (self.layer(batch) ** 2).mean()
            self.log("train/loss", loss)
            return loss
        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)
    logger = {logger}({arguments})
    data = torch.utils.data.DataLoader(torch.ones(16, 1), batch_size=4)
    lightning.Trainer(accelerator="cpu", max_epochs=1, log_every_n_steps=1, logger=logger, enable_progress_bar=False,
                      enable_checkpointing=False, enable_model_summary=False).fit(Line(), data)
"""
ACCELERATE = """
    from accelerate import Accelerator
    accelerator = Accelerator(cpu=True, log_with="{tracker}", project_dir=".")
    accelerator.init_trackers("tiny", config={{"lr": 0.25}})
    for n in range(3):
        accelerator.log({{"train/loss": 1 / (n + 1)}}, step=n)
    accelerator.end_training()
"""


@needs_library("transformers", "accelerate", "torch")
@pytest.mark.parametrize(
    ("tracker", "loss"),
    [("wandb", "train/loss"), ("tensorboard", "train/loss"), ("mlflow", "loss"), ("trackio", "train/loss")],
)
def test_the_transformers_trainer(launch: Launch, folder: Path, tracker: str, loss: str) -> None:
    done = launch(TRAINER.format(tracker=tracker), WANDB_PROJECT="tiny", HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    (run,) = records(folder)
    steps = [step for step, _ in run.curve(loss)]
    assert len(steps) == 4 and steps == sorted(steps), done.stderr
    if tracker != "trackio":  # its records have no step
        assert steps == [1, 2, 3, 4]
    assert len(run.curve(f"eval{loss.removeprefix('train')}" if "/" in loss else "eval_loss")) == 2
    assert run.status["status"] == "finished"
    if tracker in ("wandb", "trackio"):
        assert run.config["max_steps"] == 4 and run.config["model/num_parameters"] > 100
    assert "is not supported" not in done.stderr


@needs_library("lightning", "torch")
@pytest.mark.parametrize(
    ("logger", "arguments", "project"),
    [
        ("WandbLogger", "project='tiny', name='line'", "tiny"),
        ("TensorBoardLogger", "'logs', name='tiny'", "tiny"),
    ],
)
def test_loggers_of_lightning(
    launch: Launch, folder: Path, logger: str, arguments: str, project: str
) -> None:
    done = launch(LIGHTNING.format(logger=logger, arguments=arguments))
    assert done.returncode == 0, done.stderr
    (run,) = records(folder)
    assert run.meta["project"] == project
    assert [step for step, _ in run.curve("train/loss")] == [0, 1, 2, 3]
    assert run.config["lr"] == 0.25
    assert "is not supported" not in done.stderr


@needs_library("accelerate", "torch")
@pytest.mark.parametrize("tracker", ["wandb", "tensorboard", "mlflow", "trackio"])
def test_trackers_of_accelerate(launch: Launch, folder: Path, tracker: str) -> None:
    done = launch(ACCELERATE.format(tracker=tracker))
    assert done.returncode == 0, done.stderr
    (run,) = records(folder)
    assert run.curve("train/loss") == [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]
    assert float(run.config["lr"]) == 0.25
    assert "is not supported" not in done.stderr
