"""Functions that log fitted models of scikit-learn, whose `fit` has no callbacks: `log_model`, `log_search`."""

from __future__ import annotations

from typing import Any

from sklearn import metrics
from sklearn.base import is_classifier
from sklearn.inspection import permutation_importance

from runicorn.integrations.tracking import Tracking
from runicorn.tracking.run import Run


def log_model(model: Any, x: Any, y: Any, run: Run | None = None, **options: Any) -> dict[str, float]:
    """Log parameters, scores, confusion matrix and feature importance of a fitted model.

    The scores are `accuracy_score`, `precision`, `recall` and `f1_score` (weighted by class) of a classifier, `mae`,
    `mse` and `r2_score` of a regressor. `loss_curve_` or `train_score_` of the model becomes the curve `train/loss`.

    Args:
        model: a fitted classifier or regressor, or a pipeline of one.
        x: features, `(samples, features)`.
        y: labels or targets, `(samples,)`.
        run: the run; else the active run, else one that `runicorn.init(**options)` creates and this function ends.

    Returns:
        The scores, which are in the summary.

    Raises:
        TypeError: both a run and options were given.
    """
    tracking = Tracking(run, options)
    tracking.begin({"model": type(model).__name__, **_parameters(model)})
    predicted = model.predict(x)
    scores = _of_classifier(y, predicted) if is_classifier(model) else _of_regressor(y, predicted)
    tracking.summary(scores)
    last = model[-1] if hasattr(model, "steps") else model
    for step, loss in enumerate(getattr(last, "loss_curve_", getattr(last, "train_score_", ())), start=1):
        tracking.log({"train/loss": float(loss)}, step)
    if is_classifier(model):
        matrix = metrics.confusion_matrix(y, predicted, labels=model.classes_)
        rows = [[str(name), *row] for name, row in zip(model.classes_, matrix.tolist())]
        tracking.run.log_table("confusion_matrix", rows, ["actual", *map(str, model.classes_)])
    importance = permutation_importance(model, x, y, n_repeats=3, random_state=0).importances_mean
    names = getattr(model, "feature_names_in_", range(len(importance)))
    features = [[str(name), float(value)] for name, value in zip(names, importance)]
    tracking.run.log_table("feature_importance", features, ["feature", "importance"])
    tracking.end()
    return scores


def log_search(search: Any, **options: Any) -> None:
    """Log every candidate of a fitted `GridSearchCV` or the like as a run of one group.

    Its parameters are the config, the scores of the folds the curves `test_score` and `train_score`, their means and
    deviations the summary. The group is that of the options, else the name of the estimator's class.

    Args:
        search: the fitted search.
        options: arguments of `runicorn.init`.
    """
    results = search.cv_results_
    estimator = type(search.estimator).__name__
    for number, parameters in enumerate(results["params"]):
        tracking = Tracking(None, {"group": estimator, "name": estimator, **options})
        tracking.begin({"model": estimator, "candidate": number, **parameters})
        for fold in range(search.n_splits_):
            tracking.log(_row(results, number, f"split{fold}_"), step=fold)
        tracking.summary(_row(results, number, "mean_") | _row(results, number, "std_", keep=True))
        tracking.summary({"rank": int(results.get("rank_test_score", [0] * (number + 1))[number])})
        tracking.end()


def _row(results: Any, number: int, prefix: str, keep: bool = False) -> dict[str, float]:
    return {
        key if keep else key.removeprefix(prefix): float(values[number])
        for key, values in results.items()
        if key.startswith(prefix)
    }


def _parameters(model: Any) -> dict[str, Any]:
    """Return the parameters that are values; those of the steps of a pipeline are named `step__parameter`."""
    plain = (bool, int, float, str, list, tuple)
    return {
        key: value for key, value in model.get_params().items() if value is None or isinstance(value, plain)
    }


def _of_classifier(actual: Any, predicted: Any) -> dict[str, float]:
    how: dict[str, Any] = {"average": "weighted", "zero_division": 0}
    return {
        "accuracy_score": float(metrics.accuracy_score(actual, predicted)),
        "precision": float(metrics.precision_score(actual, predicted, **how)),
        "recall": float(metrics.recall_score(actual, predicted, **how)),
        "f1_score": float(metrics.f1_score(actual, predicted, **how)),
    }


def _of_regressor(actual: Any, predicted: Any) -> dict[str, float]:
    return {
        "mae": float(metrics.mean_absolute_error(actual, predicted)),
        "mse": float(metrics.mean_squared_error(actual, predicted)),
        "r2_score": float(metrics.r2_score(actual, predicted)),
    }
