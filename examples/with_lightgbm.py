"""LightGBM: the evaluation after every round, the best round and the feature importance.

pip install lightgbm scikit-learn; python examples/with_lightgbm.py
"""

from __future__ import annotations

import argparse

import lightgbm
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from runicorn.integrations.lightgbm import RunicornCallback


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=100, help="rounds at most")
    options = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images, labels, test_size=0.3, random_state=0)
    train = lightgbm.Dataset(train_x, train_y)
    tracker = RunicornCallback(project="digits", name="lightgbm", tags=["example"])
    booster = lightgbm.train(
        {"objective": "multiclass", "num_class": 10, "num_leaves": 7, "num_threads": 1, "verbose": -1},
        train,
        num_boost_round=options.epochs,
        valid_sets=[train, lightgbm.Dataset(val_x, val_y, reference=train)],
        valid_names=["train", "val"],
        callbacks=[lightgbm.early_stopping(10, verbose=False), tracker],
    )
    tracker.finish(booster)


if __name__ == "__main__":
    main()
