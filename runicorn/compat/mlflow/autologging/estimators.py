"""Parameters, training metrics and models of scikit-learn estimators, logged when `fit` is called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import wraps
from importlib.util import find_spec
from threading import local
from typing import Any

from runicorn.compat.guard import guarded
from runicorn.compat.mlflow.active import ActiveRun, open_runs
from runicorn.compat.mlflow.autologging.models import store_model
from runicorn.compat.mlflow.runs import start_run

MODULES = ("sklearn.",)
CLASSES_LIMIT = 2
_depth = local()


@dataclass
class Options:
    """Arguments of `mlflow.sklearn.autolog`."""

    log_models: bool = True
    max_tuning_runs: int | None = 5
    is_enabled: bool = True


options = Options()


def patch() -> None:
    """Log the `fit` of all estimators that scikit-learn has, now and when the function is called again."""
    from sklearn.utils import all_estimators

    # `fit` is often that of a private base class.
    classes = {base for _, kind in all_estimators() if _is_model(kind) for base in kind.__mro__}
    for kind in classes:
        for method in ("fit", "fit_predict"):
            function = vars(kind).get(method)
            is_ours = kind.__module__.startswith(MODULES) and function is not None
            if is_ours and not hasattr(function, "_runicorn_original"):
                setattr(kind, method, _logged(function))


def _is_model(kind: type) -> bool:
    """Return whether a class is more than a step of a preparation."""
    return any(hasattr(kind, method) for method in ("predict", "fit_predict", "predict_proba"))


@contextmanager
def _outermost() -> Iterator[None]:
    _depth.is_inside = True
    try:
        yield
    finally:
        _depth.is_inside = False


def _logged(fit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fit)
    def logged(self: Any, X: Any, *arguments: Any, **keywords: Any) -> Any:
        # Estimators within others, such as the trees of a forest, belong to the outermost.
        if not options.is_enabled or getattr(_depth, "is_inside", False) or not _is_model(type(self)):
            return fit(self, X, *arguments, **keywords)
        with nullcontext(open_runs[-1]) if open_runs else start_run() as run, _outermost():
            with guarded("the parameters of an estimator"):
                _log_parameters(run, self)
            result = fit(self, X, *arguments, **keywords)
            with guarded("the training of an estimator"):
                _log_result(run, self, X, arguments[0] if arguments else keywords.get("y"))
        return result

    logged._runicorn_original = fit  # type: ignore[attr-defined]
    return logged


def _log_parameters(run: ActiveRun, estimator: Any) -> None:
    parameters = estimator.get_params(deep=True)
    run.add_params({key: _plain(value) for key, value in parameters.items()})
    name = type(estimator).__name__
    run.set_tags(
        {"estimator_name": name, "estimator_class": f"{type(estimator).__module__.split('._')[0]}.{name}"}
    )


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float)) else repr(value)


def _log_result(run: ActiveRun, estimator: Any, X: Any, y: Any) -> None:
    run.log(scores(estimator, X, y), None, None)
    if hasattr(estimator, "best_params_"):
        run.add_params({f"best_{key}": _plain(value) for key, value in estimator.best_params_.items()})
        if hasattr(estimator, "best_score_"):
            run.log({"best_cv_score": float(estimator.best_score_)}, None, None)
        _log_candidates(run, estimator.cv_results_)
    if options.log_models:
        store_model(run, "model", estimator)


def scores(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    """Return the training metrics that MLflow logs of a fitted estimator."""
    from sklearn import metrics
    from sklearn.base import is_classifier, is_regressor

    values: dict[str, float] = {}
    if y is not None and is_classifier(estimator):
        guess, weighted = estimator.predict(X), {"average": "weighted", "zero_division": 0}
        values = {
            "training_accuracy_score": metrics.accuracy_score(y, guess),
            "training_precision_score": metrics.precision_score(y, guess, **weighted),
            "training_recall_score": metrics.recall_score(y, guess, **weighted),
            "training_f1_score": metrics.f1_score(y, guess, **weighted),
        }
        if hasattr(estimator, "predict_proba"):
            chances = estimator.predict_proba(X)
            values["training_log_loss"] = metrics.log_loss(y, chances, labels=estimator.classes_)
            of_one = chances[:, 1] if chances.shape[1] == CLASSES_LIMIT else chances
            values["training_roc_auc"] = metrics.roc_auc_score(
                y, of_one, average="weighted", multi_class="ovo"
            )
    elif y is not None and is_regressor(estimator):
        guess = estimator.predict(X)
        error = metrics.mean_squared_error(y, guess)
        values = {
            "training_mean_squared_error": error,
            "training_root_mean_squared_error": error**0.5,
            "training_mean_absolute_error": metrics.mean_absolute_error(y, guess),
            "training_r2_score": metrics.r2_score(y, guess),
        }
    if hasattr(estimator, "score"):
        values["training_score"] = estimator.score(X, y) if y is not None else estimator.score(X)
    return {key: float(value) for key, value in values.items()}


def _log_candidates(run: ActiveRun, results: dict[str, Any]) -> None:
    """Log the best candidates of a search as runs below that of the search."""
    ranks: Any = next((results[key] for key in sorted(results) if key.startswith("rank_test_")), [])
    best = sorted(range(len(ranks)), key=lambda n: ranks[n])[: options.max_tuning_runs]
    for n in best:
        with start_run(
            run_name=f"{run.info.run_name}-{n}", experiment_id=run.info.experiment_id, nested=True
        ):
            candidate = open_runs[-1]
            candidate.add_params({key: _plain(value) for key, value in results["params"][n].items()})
            means = {
                key: float(values[n])
                for key, values in results.items()
                if key.startswith(("mean_", "std_")) and key not in ("mean_fit_time", "std_fit_time")
            }
            candidate.log(means, None, None)


def is_available() -> bool:
    """Return whether scikit-learn is installed."""
    return "sklearn" in sys.modules or find_spec("sklearn") is not None
