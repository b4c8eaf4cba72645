"""Optuna: every trial is a run of one group; a pruned trial is `interrupted`.

pip install optuna scikit-learn; python examples/with_optuna.py
"""

from __future__ import annotations

import argparse

import optuna
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from runicorn.integrations.optuna import RunicornCallback


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--trials", type=int, default=8)
    options = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images, labels, test_size=0.3, random_state=0)

    def objective(trial: optuna.Trial) -> float:
        model = SGDClassifier(alpha=trial.suggest_float("alpha", 1e-5, 10, log=True), random_state=0)
        for step in range(1, options.epochs + 1):
            model.partial_fit(train_x, train_y, classes=range(10))
            trial.report(model.score(val_x, val_y), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(model.score(val_x, val_y))

    study = optuna.create_study(
        study_name="digits-search",
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
    )
    study.optimize(
        objective, n_trials=options.trials, callbacks=[RunicornCallback("val/accuracy", project="digits")]
    )


if __name__ == "__main__":
    main()
