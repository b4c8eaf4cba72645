"""Scripts written for TensorBoard, unchanged, and what they leave in the store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.records import records
from tests.sdk.compat.conftest import Launch
from tests.sdk.integrations.libraries import needs_library

SCRIPT = """
    import numpy as np, matplotlib.pyplot as plt
    from {module} import SummaryWriter
    with SummaryWriter("logs/mnist/one") as writer:
        for n in range(3):
            writer.add_scalar("loss", np.float32(1 / (n + 1)), n, walltime=1700000000 + n)
            writer.add_scalars("acc", {{"train": n, "val": n / 2}}, n)
            writer.add_scalar("uncounted", n)
        writer.add_histogram("weights", np.arange(10), 1)
        writer.add_histogram_raw("raw", 0, 2, 3, 4, 5, [1, 2], [1, 2], global_step=1)
        writer.add_image("image", np.zeros((3, 4, 6)), 2, walltime=1700000005)
        writer.add_images("batch", np.zeros((2, 4, 6, 3)), 2, dataformats="NHWC")
        writer.add_figure("figure", plt.figure(), 2)
        writer.add_video("video", np.zeros((1, 2, 3, 4, 4), np.uint8), 2)
        writer.add_audio("audio", np.zeros((1, 100)), 2, sample_rate=8000)
        writer.add_text("note", "hello", 2)
        writer.add_pr_curve("pr", np.array([0, 1, 1]), np.array([0.1, 0.6, 0.9]), 2, num_thresholds=3)
        writer.add_hparams({{"lr": 0.1}}, {{"hparam/acc": 0.5}})
        writer.add_graph(None)
        writer.add_image("bad", np.zeros(3), 2)
        assert writer.unheard_of() is None
        writer.flush()
    later = SummaryWriter(log_dir="logs/mnist/one")
    later.add_scalar("loss", 0, 3)
    later.close()
    SummaryWriter().add_scalar("loss", 1, 0)
"""


@pytest.mark.parametrize(
    "module",
    [
        "tensorboardX",
        pytest.param("torch.utils.tensorboard", marks=[needs_library("torch"), pytest.mark.torture]),
    ],
)
def test_a_training_script_is_recorded(launch: Launch, folder: Path, tmp_path: Path, module: str) -> None:
    process = launch(SCRIPT.format(module=module), MPLBACKEND="agg")
    assert process.returncode == 0, process.stderr
    run, default = records(folder)
    assert (run.meta["project"], run.meta["name"]) == ("mnist", "one")
    assert run.curve("loss") == [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3)), (3, 0)]
    times = [event["time"] for event in run.events("metrics") if "loss" in event]
    assert times[:3] == [1700000000, 1700000001, 1700000002]
    assert run.curve("acc/val") == [(0, 0), (1, 0.5), (2, 1)]
    assert run.curve("uncounted") == [(0, 0), (1, 1), (2, 2)]
    assert run.config == {"lr": 0.1} and run.summary == {"hparam/acc": 0.5}
    media = [(event["key"], event["step"], Path(event["path"]).suffix) for event in run.events("image")]
    assert media == [
        *[("image", 2, ".png"), ("batch", 2, ".png"), ("batch", 2, ".png"), ("figure", 2, ".png")],
        *[("video", 2, ".gif"), ("audio", 2, ".wav")],
    ]
    assert [event["key"] for event in run.events("histogram")] == ["weights", "raw"]
    raw = json.loads((run.path / run.events("histogram")[1]["path"]).read_text())
    assert (raw["edges"], raw["counts"]) == ([0, 1, 2], [1, 2])
    (curve,) = [json.loads((run.path / event["path"]).read_text()) for event in run.events("table")]
    assert curve["rows"] == [[0, pytest.approx(2 / 3), 1], [0.5, 1, 1], [1, 1, 0]]
    assert "note (step 2): hello" in run.log
    assert "bad" in process.stderr and process.stderr.count("unheard_of") == 1
    assert default.meta["project"] == tmp_path.name


def test_each_set_of_hyperparameters_is_a_run(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        from tensorboardX import SummaryWriter
        with SummaryWriter("logs/mnist/one") as writer:
            for n in range(3):
                writer.add_hparams({"lr": n}, {"hparam/acc": n / 2})
            writer.add_hparams({"lr": 0}, {"hparam/acc": 0.25}, run_name=".")
            writer.add_hparams({"lr": 9}, {"hparam/acc": 1.0, "step": 2}, name=None, run_name="best", global_step=7)
            writer.add_scalar("loss", 1, 0)
        """
    )
    assert process.returncode == 0, process.stderr
    runs = records(folder)
    assert [(run.meta["project"], run.meta["name"], run.config["lr"]) for run in runs] == [
        *[("mnist", "one", n) for n in range(3)],
        ("mnist", "one-best", 9),
    ]
    assert [run.summary["hparam/acc"] for run in runs] == [0.25, 0.5, 1.0, 1.0]
    assert runs[0].curve("hparam/acc") == [(0, 0.0), (1, 0.25)] and runs[0].curve("loss") == [(0, 1)]
    assert runs[1].curve("hparam/acc") == [(0, 0.5)]
    assert runs[3].curve("tensorboard/step") == [(7, 2)]
    assert {run.status["status"] for run in runs} == {"finished"}


def test_points_that_purge_step_cannot_discard_are_reported_once(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        from tensorboardX import SummaryWriter
        for start in (None, 9, 2, 2):
            writer = SummaryWriter("logs/mnist/one", purge_step=start)
            for n in range(start or 0, 4):
                writer.add_scalar("loss", n, n)
            writer.close()
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr.count("(purge_step)") == 1 and "from step 2 on" in process.stderr


def test_scalars_belong_to_a_run_of_wandb_that_asks_for_them(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        from tensorboardX import SummaryWriter
        run = wandb.init(project="rl", name="ppo", sync_tensorboard=True, monitor_gym=True, save_code=True)
        writer = SummaryWriter("runs/ppo")
        writer.add_scalar("charts/return", 1.5, 100)
        writer.close()
        run.log({"more": 1})
        wandb.finish()
        SummaryWriter("logs/later").add_scalar("loss", 1, 0)
        """
    )
    assert process.returncode == 0, process.stderr
    run, later = records(folder)
    assert (run.curve("charts/return"), run.curve("more")) == ([(100, 1.5)], [(0, 1)])
    assert (run.meta["project"], later.meta["project"]) == ("rl", "logs")


def test_the_writer_that_ray_tune_adds_is_no_second_run(launch: Launch, folder: Path, tmp_path: Path) -> None:
    package = tmp_path / "ray" / "tune" / "logger"
    package.mkdir(parents=True)
    for path in (package, package.parent, package.parent.parent):
        (path / "__init__.py").touch()
    (package / "tensorboardx.py").write_text(
        "from tensorboardX import SummaryWriter\n"
        "def log():\n"
        "    writer = SummaryWriter('results/trial', flush_secs=30)\n"
        "    writer.add_scalar('loss', 1.0, 1)\n"
        "    writer.close()\n"
    )
    script = """
        {}
        from ray.tune.logger.tensorboardx import log
        log()
    """
    assert launch(script.format("import wandb; wandb.init(project='tuned')")).returncode == 0
    (run,) = records(folder)
    assert run.meta["project"] == "tuned" and run.metrics() == set()
    assert launch(script.format("")).returncode == 0
    assert records(folder)[1].curve("loss") == [(1, 1.0)]
