"""The loggers that libraries have for other trackers, unchanged, in smallest trainings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT
from tests.records import records
from tests.sdk.compat.conftest import Launch
from tests.sdk.integrations.libraries import needs_library

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
    process = launch(TRAINER.format(tracker=tracker), WANDB_PROJECT="tiny", HF_HUB_OFFLINE="1")
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    steps = [step for step, _ in run.curve(loss)]
    assert len(steps) == 4 and steps == sorted(steps), process.stderr
    if tracker != "trackio":  # its records have no step
        assert steps == [1, 2, 3, 4]
    assert len(run.curve(f"eval{loss.removeprefix('train')}" if "/" in loss else "eval_loss")) == 2
    assert run.status["status"] == "finished"
    if tracker in ("wandb", "trackio"):
        assert run.config["max_steps"] == 4 and run.config["model/num_parameters"] > 100
    assert "is not supported" not in process.stderr


@needs_library("lightning", "torch")
@pytest.mark.parametrize(
    ("logger", "arguments", "project"),
    [
        ("WandbLogger", "project='tiny', name='line'", "tiny"),
        ("TensorBoardLogger", "'logs', name='tiny'", "tiny"),
        ("MLFlowLogger", "experiment_name='tiny', run_name='line', tags={'owner': 'me'}", "tiny"),
    ],
)
def test_loggers_of_lightning(
    launch: Launch, folder: Path, logger: str, arguments: str, project: str
) -> None:
    process = launch(LIGHTNING.format(logger=logger, arguments=arguments))
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.meta["project"] == project
    assert [step for step, _ in run.curve("train/loss")] == [0, 1, 2, 3]
    assert float(run.config["lr"]) == 0.25
    assert run.status["status"] == "finished"
    assert "is not supported" not in process.stderr


@needs_library("accelerate", "torch")
@pytest.mark.parametrize("tracker", ["wandb", "tensorboard", "mlflow", "trackio"])
def test_trackers_of_accelerate(launch: Launch, folder: Path, tracker: str) -> None:
    process = launch(ACCELERATE.format(tracker=tracker))
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.curve("train/loss") == [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]
    assert float(run.config["lr"]) == 0.25
    assert "is not supported" not in process.stderr


TUNE = """
    import os, ray
    from ray import tune
    from ray.air.integrations.{module} import {callback}
    def train(config):
        for n in range(3):
            tune.report({{"loss": config["a"] / (n + 1)}})
    if __name__ == "__main__":
        ray.init(num_cpus=1, include_dashboard=False)
        tune.Tuner(train, param_space={{"a": tune.grid_search([1, 2])}}, run_config=tune.RunConfig(
            storage_path=os.path.abspath("results"), callbacks=[{callback}({arguments})])).fit()
"""


@needs_library("ray", "tensorboardX")
@pytest.mark.parametrize(
    ("module", "callback", "arguments"),
    [
        ("mlflow", "MLflowLoggerCallback", "experiment_name='tuned', tracking_uri='none'"),
    ],
)
def test_callbacks_of_ray_tune_log_one_run_per_trial(
    launch: Launch, folder: Path, module: str, callback: str, arguments: str
) -> None:
    process = launch(TUNE.format(module=module, callback=callback, arguments=arguments))
    assert process.returncode == 0, process.stderr
    runs = sorted(records(folder), key=lambda run: float(run.config["a"]))
    assert [run.meta["project"] for run in runs] == ["tuned", "tuned"]
    assert [[value for _, value in run.curve("loss")] for run in runs] == [
        [a / (n + 1) for n in range(3)] for a in (1, 2)
    ]
    assert "is not supported" not in process.stderr


TRL = """
    import torch
    from datasets import Dataset
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
    from trl import SFTConfig, SFTTrainer
    words = {{"<pad>": 0, "<eos>": 1, "a": 2, "b": 3}}
    plain = Tokenizer(models.WordLevel(words, unk_token="<pad>"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<pad>", eos_token="<eos>")
    model = GPT2LMHeadModel(GPT2Config(vocab_size=8, n_positions=16, n_embd=8, n_layer=1, n_head=1))
    options = SFTConfig(
        output_dir="out", max_steps=4, logging_steps=1, report_to="{tracker}", per_device_train_batch_size=2,
        use_cpu=True, save_strategy="no", disable_tqdm=True, run_name="tiny", max_length=8, bf16=False,
        gradient_checkpointing=False,
    )
    data = Dataset.from_list([{{"text": "a b a b"}}] * 8)
    SFTTrainer(model, options, train_dataset=data, processing_class=tokenizer).train()
"""
AGENT = """
    import wandb
    from stable_baselines3 import PPO
    from wandb.integration.sb3 import WandbCallback
    run = wandb.init(project="tiny", config={"steps": 128}, sync_tensorboard=True)
    model = PPO("MlpPolicy", "CartPole-v1", n_steps=64, batch_size=32, n_epochs=1, device="cpu", tensorboard_log=f"runs/{run.id}")
    model.learn(128, callback=WandbCallback(verbose=2, model_save_path=f"models/{run.id}"))
    run.finish()
"""
DETECTOR = """
    from pathlib import Path
    import numpy as np
    from PIL import Image
    from ultralytics import YOLO, settings
    settings.update({"wandb": True, "mlflow": False, "tensorboard": False, "runs_dir": "yolo"})  # else beside .git
    for part in ("train", "val"):
        for number in range(16):
            path = Path("pictures", part, str(number % 2), f"{number}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((32, 32, 3), 200 * (number % 2), np.uint8)).save(path)
    YOLO("yolov8n-cls.yaml").train(
        data="pictures", project="tiny", name="squares", epochs=2, imgsz=32, batch=8, workers=0, device="cpu", amp=False,
        plots=False,
    )
"""


@needs_library("trl", "datasets")
@pytest.mark.parametrize("tracker", ["wandb", "tensorboard"])
def test_a_trainer_of_trl(launch: Launch, folder: Path, tracker: str) -> None:
    process = launch(TRL.format(tracker=tracker), WANDB_PROJECT="tiny", HF_HUB_OFFLINE="1")
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert [step for step, _ in run.curve("train/loss")] == [1, 2, 3, 4]
    assert len(run.curve("train/mean_token_accuracy")) == 4
    assert run.status["status"] == "finished"
    assert "is not supported" not in process.stderr


@needs_library("stable_baselines3")
def test_the_wandb_callback_of_stable_baselines3(launch: Launch, folder: Path) -> None:
    process = launch(AGENT)
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert [step for step, _ in run.curve("rollout/ep_rew_mean")] == [64, 128]
    assert run.config["steps"] == 128 and run.config["algo"] == "PPO"
    assert (run.path / "files" / "model.zip").stat().st_size > 1000
    assert run.status["status"] == "finished"
    assert "is not supported" not in process.stderr


@needs_library("ultralytics")
def test_the_wandb_callbacks_of_ultralytics(
    launch: Launch, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ultralytics logs nothing below pytest or on GitHub's machines.
    for name in ("PYTEST_CURRENT_TEST", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    process = launch(DETECTOR, YOLO_CONFIG_DIR=str(tmp_path))
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.meta["project"] == "tiny"
    assert len(run.curve("train/loss")) == 2
    assert {value for _, value in run.curve("epoch")} >= {1, 2}
    assert len(run.curve("metrics/accuracy_top1")) >= 2
    assert run.status["status"] == "finished"
    assert "is not supported" not in process.stderr


POLICY = """
    from pathlib import Path
    from lerobot.configs.default import DatasetConfig, WandBConfig
    from lerobot.configs.train import TrainPipelineConfig
    from lerobot.policies.act.configuration_act import ACTConfig
    from lerobot.rl.wandb_utils import WandBLogger
    logger = WandBLogger(TrainPipelineConfig(
        dataset=DatasetConfig(repo_id="lab/pusht"), policy=ACTConfig(device="cpu", push_to_hub=False), job_name="act",
        output_dir=Path("out"), seed=1, wandb=WandBConfig(enable=True, project="tiny", notes="first"),
    ))
    for step in (1, 2, 3):
        logger.log_dict({"loss": 1 / step, "lr": 0.1}, step)
    logger.log_dict({"avg_sum_reward": 0.5}, 3, mode="eval")
    weights = Path("out/checkpoints/000003/pretrained_model/model.safetensors")
    weights.parent.mkdir(parents=True)
    weights.write_bytes(bytes(100))
    logger.log_policy(weights.parents[1])
    Path("eval.mp4").write_bytes(bytes(100))
    logger.log_video("eval.mp4", 3, mode="eval")
"""
TRACKING = """
    from verl.utils.tracking import Tracking
    tracking = Tracking("tiny", "grpo", ["wandb", "console"], {"trainer": {"total_epochs": 1}, "actor": {"lr": 0.25}})
    for step in (1, 2, 3):
        tracking.log({"actor/loss": 1 / step, "critic/score/mean": step / 4}, step)
    tracking.finish()
"""
# Their requirements exclude the versions of torch, W&B or Transformers that the other tests use: what their loggers
# import is installed into a folder, with torch from the environment of the tests.
APART = {
    "lerobot": (
        ("lerobot==0.4.4", "torchvision"),
        *(
            "draccus==0.10.0",
            "transformers>=4.57.1,<5",
            "huggingface-hub<0.36",
            "datasets>=4,<4.9",
            "diffusers<0.36",
        ),
        *(
            "av<16",
            "einops",
            "gymnasium",
            "deepdiff<9",
            "jsonlines",
            "termcolor",
            "opencv-python-headless<4.13",
        ),
        *("pyserial", "imageio"),
    ),
    "verl": (
        ("verl==0.9.1", "tensordict>=0.8,<=0.10,!=0.9.0"),
        *("ray>=2.41", "codetiming", "dill", "pyvers", "transformers>=5.5.3,<5.11,!=5.6.0"),
    ),
}


@pytest.fixture
def apart(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Packages of `APART` for `PYTHONPATH`; installing them takes minutes."""
    alone, *others = APART[request.param]
    for words in (["--no-deps", *alone], others):
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--target",
            str(tmp_path / "packages"),
            *words,
        ]
        subprocess.run(command, check=True, capture_output=True)
    return f"{tmp_path / 'packages'}{os.pathsep}{PROJECT}"


@needs_library("torch")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("apart", ["lerobot"], indirect=True)
def test_the_wandb_logger_of_lerobot(launch: Launch, folder: Path, apart: str) -> None:
    process = launch(POLICY, PYTHONPATH=apart, HF_HUB_OFFLINE="1")
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert (run.meta["project"], run.meta["name"], run.meta["notes"]) == ("tiny", "act", "first")
    assert run.meta["tags"] == ["policy:act", "seed:1", "dataset:lab/pusht"]
    assert run.config["policy.type"] == "act" and run.config["wandb.job_type"] == "train_eval"
    assert run.curve("train/loss") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert run.curve("eval/avg_sum_reward") == [(3, 0.5)]
    assert [Path(event["path"]).suffix for event in run.events("image")] == [".mp4"]
    (weights,) = folder.glob("artifacts/model/*/v1/files/model.safetensors")
    assert weights.stat().st_size == 100
    assert "is not supported" not in process.stderr


@needs_library("torch")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("apart", ["verl"], indirect=True)
def test_the_tracking_of_verl(launch: Launch, folder: Path, apart: str) -> None:
    process = launch(TRACKING, PYTHONPATH=apart)
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert (run.meta["project"], run.meta["name"]) == ("tiny", "grpo")
    assert run.curve("actor/loss") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert run.config == {"trainer.total_epochs": 1, "actor.lr": 0.25}
    assert run.status["status"] == "finished"
    assert "is not supported" not in process.stderr
