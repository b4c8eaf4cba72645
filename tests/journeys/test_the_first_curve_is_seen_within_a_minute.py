"""From `pip install` of our wheel to the first curve in a browser, for users of other trackers; the seconds are counted.

The clock (`tests.journeys.installations.Clock`) runs from the start of `pip install` into an empty environment until the
curve is painted. Before it starts, the wheel is built and its dependencies are at hand: linked into the environment in
`make test-all`, downloaded in `make torture`, so that pip installs them all as it does with a warm cache.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.importers.test_import_of_neptune import begun, row, write
from tests.journeys.installations import (
    Clock,
    Installation,
    built_wheels,
    link_distributions,
    link_requirements,
    new_environment,
    pip_install,
)
from tests.processes import environment, free_port
from tests.sdk.integrations.libraries import needs_library
from tests.waiting import until

LOG = logging.getLogger(__name__)
MOST_SECONDS = 60
# From "Quickstart" of W&B's documentation.
WANDB = """
import random

import wandb

# Start a new wandb run to track this script.
run = wandb.init(
    # Set the wandb entity where your project will be logged (generally your team name).
    entity="my-awesome-team-name",
    # Set the wandb project where this run will be logged.
    project="my-awesome-project",
    # Track hyperparameters and run metadata.
    config={
        "learning_rate": 0.02,
        "architecture": "CNN",
        "dataset": "CIFAR-100",
        "epochs": 10,
    },
)

# Simulate training.
epochs = 10
offset = random.random() / 5
for epoch in range(2, epochs):
    acc = 1 - 2**-epoch - random.random() / epoch - offset
    loss = 2**-epoch + random.random() / epoch + offset

    # Log metrics to wandb.
    run.log({"acc": acc, "loss": loss})

# Finish the run and upload any remaining data.
run.finish()
"""
TRAINER = """
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

config = BertConfig(vocab_size=32, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
rows = [{"input_ids": torch.arange(4), "labels": n % 2} for n in range(16)]
options = TrainingArguments(output_dir="out", max_steps=8, logging_steps=1, report_to="wandb", use_cpu=True, save_strategy="no")
Trainer(BertForSequenceClassification(config), options, train_dataset=rows).train()
"""
# Every line of the standard input is a batch, so that the training is as slow as a test needs it.
TENSORBOARD = """
import sys

from {module} import SummaryWriter

with SummaryWriter("runs/stream", flush_secs=1) as writer:
    for step, line in enumerate(sys.stdin):
        writer.add_scalar("Loss/train", float(line), step)
"""


@dataclass
class Journey:
    """A user who has just installed Runicorn, with a folder, a browser and a clock."""

    installation: Installation
    folder: Path
    home: Path
    browser: Any
    ending: ExitStack
    clock: Clock = field(default_factory=Clock)
    url: str = ""

    def start_clock(self) -> None:
        """Begin the journey; its first part, the installation, has ended."""
        self.clock = Clock()

    def script(self, text: str) -> None:
        """Write `train.py`."""
        (self.folder / "train.py").write_text(text, encoding="utf-8")

    def start(self, *words: str, packages: Path | None = None, **more: Any) -> subprocess.Popen[str]:
        """Start a command in the user's folder."""
        surroundings = environment(self.home, RUNICORN_RATE_LIMIT="off", HF_HUB_OFFLINE="1")
        del surroundings["PYTHONPATH"]
        if packages is not None:
            surroundings["PYTHONPATH"] = str(packages)
        process = subprocess.Popen(words, cwd=self.folder, env=surroundings, text=True, **more)
        self.ending.callback(_end, process)
        return process

    def run(self, *words: str, packages: Path | None = None) -> None:
        """Run a command of ours until it ends."""
        process = self.start(
            self.installation.program,
            *words,
            packages=packages,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = process.communicate()
        assert process.returncode == 0, output

    def open_run(self, name: str | None = None) -> None:
        """Start the viewer if it is not running, and open the page of a run by its link in the list."""
        self.start_viewer()
        self.browser.goto(self.url)
        links = self.browser.locator("#runs a[href*='/runs/']")
        (links.filter(has_text=name) if name else links).first.click()
        self.browser.wait_for_url("**/runs/*")

    def start_viewer(self) -> None:
        """Start the viewer in the user's folder, unless it is running."""
        if self.url:
            return
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        output = self.ending.enter_context((self.home / "viewer.log").open("w"))
        words = (self.installation.program, "viewer", "--port", str(port), "--no-open")
        viewer = self.start(*words, stdout=output, stderr=subprocess.STDOUT)
        until(lambda: self._answers(viewer), timeout=90)

    def _answers(self, viewer: subprocess.Popen[str]) -> bool:
        assert viewer.poll() is None, (self.home / "viewer.log").read_text()
        with suppress(requests.ConnectionError, requests.ReadTimeout):
            return requests.get(f"{self.url}/api/health", timeout=5).ok
        return False

    def see_curve(self, metric: str, points: int) -> None:
        """Wait until the curve of a metric is painted with this number of points."""
        plot = self.browser.locator(f'figure[data-name="{metric}"] .plot[aria-label*="{points} points"]')
        plot.scroll_into_view_if_needed()
        canvas = plot.locator("canvas").first
        until(lambda: canvas.evaluate(PAINTED))

    def end(self) -> None:
        """Stop the clock."""
        seconds = self.installation.seconds + self.clock.seconds
        LOG.info("%.1f s, of which pip install took %.1f s", seconds, self.installation.seconds)
        assert seconds <= MOST_SECONDS


PAINTED = """canvas => canvas.width > 0
    && canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0)"""


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=60)


@pytest.fixture(scope="module", params=["linked", pytest.param("downloaded", marks=pytest.mark.torture)])
def install(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Installation]:
    """Installs our wheels, once with each extra."""
    installations: dict[str, Installation] = {}

    def installed(extra: str = "") -> Installation:
        if extra not in installations:
            folder = tmp_path_factory.mktemp("installed")
            (sdk, wheel), python = built_wheels(), new_environment(folder / "venv")
            requirement = f"{wheel}[{extra}]" if extra else str(wheel)
            if request.param == "linked":
                link_requirements(wheel, python, extra)
                installations[extra] = pip_install(python, "--no-deps", str(sdk), requirement)
            else:
                command = [
                    sys.executable,
                    "-m",
                    "pip",
                    "download",
                    "--quiet",
                    "--dest",
                    folder / "cache",
                    sdk,
                    requirement,
                ]
                subprocess.run(command, check=True, capture_output=True)
                cache = ("--no-index", "--find-links", str(folder / "cache"))
                installations[extra] = pip_install(python, *cache, str(sdk), requirement)
        return installations[extra]

    return installed


@pytest.fixture
def begin(
    install: Callable[[str], Installation], tmp_path: Path, home: Path, browser: Any
) -> Iterator[Callable[..., Journey]]:
    """Begins a journey with an extra of the wheel."""
    work = tmp_path / "work"
    for each in (work, home):
        each.mkdir(exist_ok=True)
    with ExitStack() as ending:
        yield lambda extra="": Journey(install(extra), work, home, browser, ending)
        browser.goto("about:blank")  # before its viewer ends


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Links libraries of the tests' environment, with what they require, into a folder for `PYTHONPATH`."""

    def linked(*names: str) -> Path:
        folder = tmp_path_factory.mktemp("libraries")
        link_distributions(set(names), folder)
        return folder

    return linked


def test_a_script_of_wandb_without_wandb(begin: Callable[..., Journey]) -> None:
    journey = begin()
    journey.script(WANDB)
    journey.start_clock()
    journey.run("run", "train.py")
    journey.open_run()
    journey.see_curve("loss", 8)
    journey.end()


@pytest.mark.torture
@needs_library("wandb")
def test_a_script_of_wandb_with_wandb(begin: Callable[..., Journey], library: Callable[..., Path]) -> None:
    journey, packages = begin(), library("wandb")
    journey.script(WANDB)
    journey.start_clock()
    journey.run("run", "train.py", packages=packages)
    journey.open_run()
    journey.see_curve("loss", 8)
    journey.end()


@pytest.mark.torture
@needs_library("transformers", "accelerate", "torch")
def test_a_trainer_that_reports_to_wandb(begin: Callable[..., Journey], library: Callable[..., Path]) -> None:
    journey, packages = begin(), library("transformers", "accelerate", "torch")
    journey.script(TRAINER)
    journey.start_clock()
    journey.run("run", "train.py", packages=packages)
    journey.open_run()
    journey.see_curve("train/loss", 8)
    journey.end()


def _feed(training: subprocess.Popen[str], *values: float) -> None:
    assert training.stdin is not None
    training.stdin.write("".join(f"{value}\n" for value in values))
    training.stdin.flush()


def test_a_script_of_tensorboard_seen_live(begin: Callable[..., Journey]) -> None:
    journey = begin()
    journey.script(TENSORBOARD.format(module="tensorboardX"))
    journey.start_clock()
    training = journey.start(journey.installation.program, "run", "train.py", stdin=subprocess.PIPE)
    _feed(training, 1, 0.5, 0.25)
    journey.open_run("stream")
    journey.see_curve("Loss/train", 3)
    journey.end()
    _feed(training, 0.125, 0.0625)
    journey.see_curve("Loss/train", 5)


@pytest.mark.torture
@needs_library("torch", "tensorboard")
@pytest.mark.parametrize(
    "module", ["torch.utils.tensorboard", pytest.param("tensorboardX", marks=needs_library("tensorboardX"))]
)
def test_a_folder_of_tensorboard_seen_live(begin: Callable[..., Journey], module: str) -> None:
    journey = begin()
    journey.script(TENSORBOARD.format(module=module))
    training = journey.start(sys.executable, "train.py", stdin=subprocess.PIPE)  # it was started before
    _feed(training, 1, 0.5, 0.25)
    until(lambda: list(journey.folder.glob("runs/stream/events*")))
    journey.start_clock()
    journey.start(journey.installation.program, "watch", "runs", stdout=subprocess.DEVNULL)
    journey.start_viewer()
    journey.browser.goto(journey.url)
    journey.open_run("stream")
    journey.see_curve("Loss/train", 3)
    journey.end()
    _feed(training, 0.125, 0.0625)
    journey.see_curve("Loss/train", 5)


def test_an_export_of_neptune(begin: Callable[..., Journey]) -> None:
    journey = begin("parquet")
    losses = [row("base", "loss", "float_series", 1 / (step + 1), step) for step in range(10)]
    write(
        journey.folder / "exports" / "data" / "team_vision_1a2b" / "base_part_0.parquet",
        begun("base") + losses,
    )
    journey.start_clock()
    journey.run("import-from", "neptune", "exports")
    journey.open_run("resnet")
    journey.see_curve("loss", 10)
    journey.end()
