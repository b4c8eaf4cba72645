"""XGBoost: what is evaluated after every round is in the run.

pip install xgboost scikit-learn; python examples/with_xgboost.py
"""

from __future__ import annotations

import argparse

import xgboost
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from runicorn.integrations.xgboost import RunicornCallback


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=100, help="rounds at most")
    options = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images, labels, test_size=0.3, random_state=0)
    train, val = xgboost.DMatrix(train_x, train_y), xgboost.DMatrix(val_x, val_y)
    parameters = {
        "objective": "multi:softprob",
        "num_class": 10,
        "eta": 0.2,
        "max_depth": 3,
        "eval_metric": ["merror", "mlogloss"],
    }
    xgboost.train(
        parameters,
        train,
        num_boost_round=options.epochs,
        evals=[(train, "train"), (val, "val")],
        early_stopping_rounds=10,
        verbose_eval=False,
        callbacks=[
            RunicornCallback(
                project="digits", name="xgboost", config={**parameters, "epochs": options.epochs}
            )
        ],
    )


if __name__ == "__main__":
    main()
