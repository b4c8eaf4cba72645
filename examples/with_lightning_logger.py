"""Lightning: the logger instead of the callback; `self.logger.experiment` is the run.

pip install lightning torch scikit-learn; python examples/with_lightning_logger.py
"""

from __future__ import annotations

import argparse
from typing import Any

import lightning
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from runicorn.integrations.lightning_logger import RunicornLogger


class Reader(lightning.LightningModule):
    """Reads digits of 8 × 8 pixels."""

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        x, y = batch
        loss = nn.functional.cross_entropy(self.layers(x), y)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        x, y = batch
        self.log("val/accuracy", (self.layers(x).argmax(1) == y).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.hparams["lr"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()

    lightning.seed_everything(0)
    images, labels = load_digits(return_X_y=True)
    data = TensorDataset(torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels))
    train, val = random_split(data, [0.7, 0.3])
    trainer = lightning.Trainer(
        max_epochs=options.epochs,
        log_every_n_steps=5,
        accelerator="cpu",
        logger=RunicornLogger(project="digits", name="lightning-logger", tags=["example"]),
        enable_checkpointing=False,
    )
    trainer.fit(Reader(), DataLoader(train, batch_size=32, shuffle=True), DataLoader(val, batch_size=256))


if __name__ == "__main__":
    main()
