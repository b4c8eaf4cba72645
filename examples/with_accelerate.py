"""Accelerate: `accelerator.log` writes to the run.

pip install accelerate torch scikit-learn; python examples/with_accelerate.py
"""

from __future__ import annotations

import argparse

import torch
from accelerate import Accelerator
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from runicorn.integrations.accelerate import RunicornTracker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--lr", type=float, default=0.01)
    options = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    data = TensorDataset(torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels))
    # Since Accelerate 1.14 `log_with="runicorn"` does the same, after an import of the module.
    accelerator = Accelerator(
        cpu=True, log_with=RunicornTracker("digits", name="accelerate", tags=["example"])
    )
    accelerator.init_trackers("digits", config=vars(options))
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    model, optimizer, batches = accelerator.prepare(
        model,
        torch.optim.Adam(model.parameters(), lr=options.lr),
        DataLoader(data, batch_size=64, shuffle=True),
    )
    step = 0
    for epoch in range(options.epochs):
        for x, y in batches:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            step += 1
            accelerator.log({"train/loss": loss.item(), "epoch": epoch}, step=step)
    accelerator.end_training()


if __name__ == "__main__":
    main()
