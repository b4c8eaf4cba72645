"""`wandb.integration.sklearn`, `wandb.sklearn`: charts of scikit-learn models as tables."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from runicorn.compat.empty_modules import names_of
from runicorn.compat.guard import guarded
from runicorn.compat.wandb import plot
from runicorn.compat.wandb.active import require_run
from runicorn.compat.wandb.table import Table

MAX_ROWS = 1000


def _chart(function: Callable[..., Table | None]) -> Callable[..., None]:
    """Log the table that a function returns under its name; an error is reported and does not end the script."""
    key = function.__name__.removeprefix("plot_")

    @wraps(function)
    def log(*arguments: Any, **options: Any) -> None:
        run = require_run(f"wandb.sklearn.{function.__name__}()")
        with guarded(f"wandb.sklearn.{function.__name__}"):
            table = function(*arguments, **options)
            if table is not None:
                run.log({key: table})

    return log


@_chart
def plot_roc(
    y_true: Any = None, y_probas: Any = None, labels: Any = None, *others: Any, **options: Any
) -> Table:
    """Log false and true positive rates of each class."""
    return plot.roc_curve(y_true, y_probas, labels)


@_chart
def plot_precision_recall(
    y_true: Any = None, y_probas: Any = None, labels: Any = None, *others: Any, **options: Any
) -> Table:
    """Log precision and recall of each class."""
    return plot.pr_curve(y_true, y_probas, labels)


@_chart
def plot_confusion_matrix(
    y_true: Any = None,
    y_pred: Any = None,
    labels: Any = None,
    true_labels: Any = None,
    pred_labels: Any = None,
    normalize: bool = False,
) -> Table:
    """Log the number of examples, or with `normalize` their share, of each actual and predicted class."""
    from sklearn.metrics import confusion_matrix
    from sklearn.utils.multiclass import unique_labels

    classes = unique_labels(y_true, y_pred)
    counts = confusion_matrix(y_true, y_pred, labels=classes, normalize="true" if normalize else None)
    names = [str(name) for name in (labels if labels is not None else classes)]
    rows = [
        [names[actual], names[other], counts[actual, other].item()]
        for actual in range(len(classes))
        for other in range(len(classes))
    ]
    return Table(columns=["Actual", "Predicted", "nPredictions"], data=rows)


@_chart
def plot_feature_importances(
    model: Any = None, feature_names: Any = None, title: str = "", **options: Any
) -> Table | None:
    """Log the importances, or else the coefficients, of the features, the largest first."""
    values = getattr(model, "feature_importances_", getattr(model, "coef_", None))
    if values is None:
        return None
    flat = abs(values).mean(axis=0) if values.ndim > 1 else values
    names = (
        feature_names if feature_names is not None else getattr(model, "feature_names_in_", range(len(flat)))
    )
    rows = sorted(zip(map(str, names), flat.tolist()), key=lambda row: -abs(row[1]))
    return Table(columns=["feature_names", "importances"], data=rows)


@_chart
def plot_class_proportions(y_train: Any = None, y_test: Any = None, labels: Any = None) -> Table:
    """Log the number of examples of each class in both data sets."""
    rows = []
    for name, values in (("train", y_train), ("test", y_test)):
        counts: dict[Any, int] = {}
        for value in [] if values is None else values:
            counts[value] = counts.get(value, 0) + 1
        for value in sorted(counts, key=str):
            rows.append([str(labels[value] if labels is not None else value), name, counts[value]])
    return Table(columns=["class", "dataset", "count"], data=rows)


@_chart
def plot_calibration_curve(
    clf: Any = None, X: Any = None, y: Any = None, clf_name: str = "Classifier"
) -> Table:
    """Log how often the predicted probabilities of a binary classifier are right."""
    from sklearn.calibration import calibration_curve

    fractions, means = calibration_curve(y, clf.predict_proba(X)[:, 1], n_bins=10)
    rows = [[clf_name, *pair] for pair in zip(fractions.tolist(), means.tolist())]
    return Table(columns=["model", "fraction_of_positives", "mean_predicted_value"], data=rows)


@_chart
def plot_learning_curve(
    model: Any = None, X: Any = None, y: Any = None, cv: Any = None, **options: Any
) -> Table:
    """Log the scores of trainings with parts of the data."""
    from sklearn.model_selection import learning_curve

    params = {key: value for key, value in options.items() if value is not None}
    sizes, train, test = learning_curve(model, X, y, cv=cv, **params)[:3]
    rows = [
        [name, score, size]
        for name, scores in (("train", train), ("test", test))
        for size, score in zip(sizes.tolist(), scores.mean(axis=1).tolist())
    ]
    return Table(columns=["dataset", "score", "train_size"], data=rows)


@_chart
def plot_summary_metrics(
    model: Any = None, X: Any = None, y: Any = None, X_test: Any = None, y_test: Any = None
) -> Table:
    """Train a copy of the model and log its scores; they are in the summary, too."""
    from sklearn import metrics
    from sklearn.base import clone, is_classifier

    guess = clone(model).fit(X, y).predict(X_test)
    if is_classifier(model):
        weighted: dict[str, Any] = {"average": "weighted", "zero_division": 0}
        scores = {
            "accuracy_score": metrics.accuracy_score(y_test, guess),
            "precision": metrics.precision_score(y_test, guess, **weighted),
            "recall": metrics.recall_score(y_test, guess, **weighted),
            "f1_score": metrics.f1_score(y_test, guess, **weighted),
        }
    else:
        scores = {
            "mae": metrics.mean_absolute_error(y_test, guess),
            "mse": metrics.mean_squared_error(y_test, guess),
            "r2_score": metrics.r2_score(y_test, guess),
        }
    require_run("wandb.sklearn").summary.update({key: float(value) for key, value in scores.items()})
    rows = [[name, float(value), type(model).__name__] for name, value in scores.items()]
    return Table(columns=["metric_name", "metric_value", "model_name"], data=rows)


@_chart
def plot_elbow_curve(
    clusterer: Any = None, X: Any = None, cluster_ranges: Any = None, *others: Any, **options: Any
) -> Table:
    """Log the score of a clustering by its number of clusters."""
    from sklearn.base import clone

    rows = []
    for count in sorted(cluster_ranges) if cluster_ranges is not None else range(1, 10, 2):
        begin = time.perf_counter()
        copy = clone(clusterer).set_params(n_clusters=count).fit(X)
        rows.append([count, abs(float(copy.score(X))), time.perf_counter() - begin])
    return Table(columns=["cluster_ranges", "errors", "clustering_time"], data=rows)


@_chart
def plot_silhouette(
    clusterer: Any = None, X: Any = None, cluster_labels: Any = None, labels: Any = None, **options: Any
) -> Table:
    """Log the silhouette coefficient of examples."""
    from sklearn.metrics import silhouette_samples

    clusters = cluster_labels if cluster_labels is not None else clusterer.fit_predict(X)
    values = silhouette_samples(X, clusters).tolist()
    names = [str(labels[n]) if labels is not None else str(n) for n in clusters]
    rows = sorted(zip(names, values), key=lambda row: (row[0], -row[1]))
    return Table(columns=["cluster", "silhouette"], data=_thinned(rows))


@_chart
def plot_residuals(regressor: Any = None, X: Any = None, y: Any = None) -> Table:
    """Train a copy of the model, and log its errors by the prediction."""
    from sklearn.base import clone
    from sklearn.model_selection import train_test_split

    train, test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
    copy = clone(regressor).fit(train, y_train)
    rows = [
        [name, float(guess), float(guess - value)]
        for name, inputs, values in (("train", train, y_train), ("test", test, y_test))
        for guess, value in zip(copy.predict(inputs), values)
    ]
    return Table(columns=["dataset", "y_pred", "residuals"], data=_thinned(rows))


@_chart
def plot_outlier_candidates(regressor: Any = None, X: Any = None, y: Any = None) -> Table:
    """Log Cook's distance of each example."""
    import numpy as np
    from sklearn.base import clone

    inputs, values = np.asarray(X, float), np.asarray(y, float)
    errors = values - clone(regressor).fit(inputs, values).predict(inputs)
    leverage = (inputs * np.linalg.pinv(inputs).T).sum(1)
    variance = (errors @ errors) / max(1, len(values) - inputs.shape[1])
    distance = errors**2 / (inputs.shape[1] * variance) * leverage / (1 - leverage).clip(1e-12) ** 2
    limit = 4 / len(values)
    rows = [[n, float(value), bool(value > limit)] for n, value in enumerate(distance)]
    return Table(columns=["instance", "distance", "is_outlier"], data=_thinned(rows))


def plot_classifier(
    model: Any,
    X_train: Any,
    X_test: Any,
    y_train: Any,
    y_test: Any,
    y_pred: Any,
    y_probas: Any,
    labels: Any = None,
    is_binary: bool = False,
    model_name: str = "Classifier",
    feature_names: Any = None,
    log_learning_curve: bool = False,
) -> None:
    """Log the charts of a classifier."""
    plot_feature_importances(model, feature_names)
    if log_learning_curve:
        plot_learning_curve(model, X_train, y_train)
    plot_confusion_matrix(y_test, y_pred, labels)
    plot_summary_metrics(model, X_train, y_train, X_test, y_test)
    plot_class_proportions(y_train, y_test, labels)
    if is_binary:
        plot_calibration_curve(model, X_train, y_train, model_name)
    plot_roc(y_test, y_probas, labels)
    plot_precision_recall(y_test, y_probas, labels)


def plot_regressor(
    model: Any, X_train: Any, X_test: Any, y_train: Any, y_test: Any, model_name: str = "Regressor"
) -> None:
    """Log the charts of a regression."""
    plot_summary_metrics(model, X_train, y_train, X_test, y_test)
    plot_learning_curve(model, X_train, y_train)
    plot_outlier_candidates(model, X_train, y_train)
    plot_residuals(model, X_train, y_train)


def plot_clusterer(
    model: Any, X_train: Any, cluster_labels: Any, labels: Any = None, model_name: str = "Clusterer"
) -> None:
    """Log the charts of a clustering."""
    if hasattr(model, "n_clusters"):
        plot_elbow_curve(model, X_train)
    plot_silhouette(model, X_train, cluster_labels, labels)


def _thinned(rows: list[Any]) -> list[Any]:
    count = len(rows)
    return rows if count <= MAX_ROWS else [rows[n * count // MAX_ROWS] for n in range(MAX_ROWS)]


__getattr__ = names_of("wandb.integration.sklearn", "runicorn.compat.wandb")
