"""A real training with Ultralytics on pictures made here, and what the callbacks have written of it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.records import Record
from tests.sdk.integrations.libraries import needs_library

pytestmark = [needs_library("ultralytics", "torch"), pytest.mark.torture]


@pytest.fixture
def train(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Train a small detector for bright squares."""
    from PIL import Image

    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("WANDB_MODE", "disabled")
    data = tmp_path / "squares"
    for part in ("train", "val"):
        for number in range(8):
            picture = np.zeros((32, 32, 3), np.uint8)
            picture[8:24, 8:24] = 255
            for kind, suffix in (("images", "png"), ("labels", "txt")):
                path = data / kind / part / f"{number}.{suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                if kind == "images":
                    Image.fromarray(picture).save(path)
                else:
                    path.write_text("0 0.5 0.5 0.5 0.5\n")
    (data / "data.yaml").write_text(f"path: {data}\ntrain: images/train\nval: images/val\nnames: [square]\n")

    def start(**options: Any) -> Any:
        from ultralytics import YOLO

        from runicorn.integrations.ultralytics import track

        model = YOLO("yolov8n.yaml")
        track(model, project="vision", name="squares")
        for event, callback in options.pop("callbacks", {}).items():
            model.add_callback(event, callback)
        model.train(
            data=str(data / "data.yaml"), project=str(tmp_path / "yolo"), epochs=2, imgsz=32, batch=4, workers=0,
            device="cpu", amp=False, plots=False, verbose=False, **options,
        )  # fmt: skip
        return model

    return start


def test_losses_metrics_and_the_best_weights_are_logged(
    train: Callable[..., Any], root: Path, only_run: Callable[[], Record]
) -> None:
    model = train()
    run = only_run()
    with open(model.trainer.csv, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for name in ("train/box_loss", "val/box_loss", "metrics/mAP50(B)", "lr/pg0"):
        expected = [
            (step, pytest.approx(float(row[name]), abs=1e-4)) for step, row in enumerate(rows, start=1)
        ]
        assert run.curve(name) == expected
    assert run.config["imgsz"] == 32 and run.config["epochs"] == 2
    assert "best/metrics/mAP50(B)" in run.summary
    (artifact,) = (root / "artifacts" / "model").iterdir()
    assert artifact.name == f"run_{run.meta['id']}_model"
    assert run.status["status"] == "finished"


def test_an_exception_ends_the_run_as_failed(
    train: Callable[..., Any], only_run: Callable[[], Record]
) -> None:
    def stumble(trainer: Any) -> None:
        raise RuntimeError("stumbled")

    with pytest.raises(RuntimeError, match="stumbled"):
        train(callbacks={"on_train_epoch_end": stumble})
    assert only_run().status["status"] == "failed"
