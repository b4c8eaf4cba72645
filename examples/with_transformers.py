"""The Hugging Face Trainer: a small vision transformer learns to read digits.

pip install transformers accelerate torch scikit-learn; python examples/with_transformers.py
"""

from __future__ import annotations

import argparse
import tempfile
from typing import Any

import torch
from sklearn.datasets import load_digits
from transformers import EvalPrediction, Trainer, TrainingArguments, ViTConfig, ViTForImageClassification

from runicorn.integrations.transformers import RunicornCallback


def rows() -> list[dict[str, Any]]:
    """The digits as the Trainer takes them."""
    images, labels = load_digits(return_X_y=True)
    pixels = torch.tensor(images / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    return [
        {"pixel_values": image, "labels": int(label)} for image, label in zip(pixels, labels, strict=True)
    ]


def judge(judged: EvalPrediction) -> dict[str, float]:
    """Metrics of an evaluation; the Trainer puts `eval_` before them, the callback makes `eval/` of it."""
    return {"accuracy": float((judged.predictions.argmax(1) == judged.label_ids).mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=float, default=10)
    options = parser.parse_args()

    data = rows()
    shape = ViTConfig(
        image_size=8,
        patch_size=2,
        num_channels=1,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        num_labels=10,
    )
    with tempfile.TemporaryDirectory() as checkpoints:
        arguments = TrainingArguments(
            checkpoints,
            num_train_epochs=options.epochs,
            per_device_train_batch_size=32,
            per_device_eval_batch_size=256,
            learning_rate=2e-3,
            eval_strategy="epoch",
            save_strategy="no",
            logging_steps=5,
            report_to="none",
            use_cpu=True,
        )
        trainer = Trainer(
            ViTForImageClassification(shape),
            arguments,
            train_dataset=data[:1257],
            eval_dataset=data[1257:],
            compute_metrics=judge,
            callbacks=[RunicornCallback(project="digits", name="transformers", tags=["example"])],
        )
        trainer.train()


if __name__ == "__main__":
    main()
