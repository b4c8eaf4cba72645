"""fastai: losses of every batch, metrics of every epoch.

pip install fastai torch scikit-learn; python examples/with_fastai.py
"""

from __future__ import annotations

import argparse

import torch
from fastai.callback.schedule import fit_one_cycle  # noqa: F401  (a method of Learner)
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.metrics import accuracy
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from runicorn.integrations.fastai import RunicornCallback


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    data = TensorDataset(torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels))
    train, val = random_split(data, [0.7, 0.3])
    loaders = DataLoaders(DataLoader(train, batch_size=64, shuffle=True), DataLoader(val, batch_size=256))
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    learner = Learner(loaders, model, loss_func=nn.CrossEntropyLoss(), metrics=accuracy)
    tracker = RunicornCallback(project="digits", name="fastai", tags=["example"])
    learner.fit_one_cycle(options.epochs, 0.01, cbs=tracker)


if __name__ == "__main__":
    main()
