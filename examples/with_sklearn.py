"""scikit-learn: a fitted model with its scores, confusion matrix and feature importance.

pip install scikit-learn; python examples/with_sklearn.py
"""

from __future__ import annotations

import argparse

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from runicorn.integrations.sklearn import log_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images / 16, labels, test_size=0.3, random_state=0)
    # `partial_fit` instead of `fit`, which warns where it has not converged.
    model = MLPClassifier(hidden_layer_sizes=(32,), learning_rate_init=0.01, random_state=0)
    for _ in range(options.epochs):
        model.partial_fit(train_x, train_y, classes=range(10))
    print(log_model(model, val_x, val_y, project="digits", name="sklearn", tags=["example"]))


if __name__ == "__main__":
    main()
