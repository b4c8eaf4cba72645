"""CatBoost: the evaluation after every round, the parameters and the feature importance.

pip install catboost scikit-learn; python examples/with_catboost.py
"""

from __future__ import annotations

import argparse

from catboost import CatBoostClassifier
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from runicorn.integrations.catboost import RunicornCallback


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=100, help="rounds at most")
    options = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images, labels, test_size=0.3, random_state=0)
    tracker = RunicornCallback(project="digits", name="catboost", tags=["example"])
    model = CatBoostClassifier(
        iterations=options.epochs, depth=4, thread_count=1, verbose=False, allow_writing_files=False
    )
    model.fit(train_x, train_y, eval_set=(val_x, val_y), callbacks=[tracker])
    tracker.finish(model)


if __name__ == "__main__":
    main()
