"""A loop of PyTorch's: metrics of every step, of every epoch, and the learning rate.

pip install torch scikit-learn; python examples/with_pytorch.py
"""

from __future__ import annotations

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

import runicorn as rn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--lr", type=float, default=0.05)
    options = parser.parse_args()

    torch.manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    data = TensorDataset(
        torch.tensor(images / 16, dtype=torch.float32).reshape(-1, 1, 8, 8), torch.tensor(labels)
    )
    train, val = random_split(data, [0.7, 0.3])
    train_batches, val_batches = (
        DataLoader(train, batch_size=32, shuffle=True),
        DataLoader(val, batch_size=256),
    )

    layers = nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10)
    model, judge = nn.Sequential(*layers), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.epochs)

    with rn.init("digits", "pytorch", config=options, tags=["example"]) as run:
        run.set_primary_metric("val/accuracy", mode="max")
        for epoch in range(1, options.epochs + 1):
            model.train()
            for x, y in train_batches:
                loss = judge(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                norm = nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimizer.step()
                run.log({"train/loss": loss, "train/gradient_norm": norm})  # tensors of one number will do
            schedule.step()

            model.eval()
            with torch.no_grad():
                answers = [(model(x), y) for x, y in val_batches]
            logits, truth = (torch.cat(parts) for parts in zip(*answers, strict=True))
            accuracy = (logits.argmax(1) == truth).float().mean()
            rate = schedule.get_last_lr()[0]
            run.log(
                {"val/loss": judge(logits, truth), "val/accuracy": accuracy, "train/lr": rate, "epoch": epoch}
            )


if __name__ == "__main__":
    main()
