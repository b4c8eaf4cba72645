"""Ultralytics: a small YOLO learns to tell digits apart; its losses, metrics, plots and best weights are in the run.

pip install ultralytics pillow scikit-learn; python examples/with_ultralytics.py
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits
from ultralytics import YOLO

from runicorn.integrations.ultralytics import track


def write_pictures(folder: Path, count: int) -> None:
    """Write digits as pictures, in a folder for each class."""
    images, labels = load_digits(return_X_y=True)
    for number, (image, label) in enumerate(zip(images[:count], labels[:count], strict=True)):
        target = folder / ("val" if number % 4 == 0 else "train") / str(label) / f"{number}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image.reshape(8, 8) * 15).astype("uint8")).convert("RGB").resize((32, 32)).save(
            target
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--pictures", type=int, default=200)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder) / "digits", options.pictures)
        model = YOLO("yolov8n-cls.yaml")  # without pretrained weights, which would be downloaded
        track(model, project="digits", name="ultralytics", tags=["example"])
        model.train(
            data=f"{folder}/digits",
            project=f"{folder}/runs",
            epochs=options.epochs,
            imgsz=32,
            batch=32,
            workers=0,
            device="cpu",
            amp=False,
            plots=False,
        )


if __name__ == "__main__":
    main()
