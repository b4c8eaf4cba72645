"""Ray Tune: every trial is a run of one group.

pip install "ray[tune]" scikit-learn; python examples/with_ray.py
"""

from __future__ import annotations

import argparse
import tempfile
from typing import Any

from ray import tune
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from runicorn.integrations.ray import RunicornLoggerCallback


def train(config: dict[str, Any]) -> None:
    """One trial."""
    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images, labels, test_size=0.3, random_state=0)
    model = SGDClassifier(alpha=config["alpha"], random_state=0)
    for _ in range(config["epochs"]):
        model.partial_fit(train_x, train_y, classes=range(10))
        tune.report({"val": {"accuracy": model.score(val_x, val_y)}})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as results:
        tune.Tuner(
            train,
            param_space={"alpha": tune.grid_search([0.001, 0.1]), "epochs": options.epochs},
            run_config=tune.RunConfig(
                storage_path=results,
                callbacks=[RunicornLoggerCallback(project="digits", group="ray-search")],
                verbose=0,
            ),
        ).fit()


if __name__ == "__main__":
    main()
