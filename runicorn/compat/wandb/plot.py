"""`wandb.plot`: charts as tables; the page of a run has charts of metrics, and these values are kept as rows."""

from __future__ import annotations

from typing import Any

from runicorn.compat.empty_modules import names_of
from runicorn.compat.wandb.table import Table


def plot_table(
    vega_spec_name: str = "",
    data_table: Any = None,
    fields: Any = None,
    string_fields: Any = None,
    **options: Any,
) -> Any:
    return data_table


def line(table: Table, x: str, y: str, stroke: str | None = None, title: str = "", **options: Any) -> Table:
    return table


def scatter(table: Table, x: str, y: str, title: str = "", **options: Any) -> Table:
    return table


def bar(table: Table, label: str, value: str, title: str = "", **options: Any) -> Table:
    return table


def histogram(table: Table, value: str, title: str = "", **options: Any) -> Table:
    return table


def line_series(
    xs: Any, ys: Any, keys: Any = None, title: str = "", xname: str = "x", **options: Any
) -> Table:
    """Return a table with a row for each point of several lines."""
    lines = [list(line) for line in ys]
    grid = list(xs)
    shared = not grid or not hasattr(grid[0], "__iter__")
    names = [str(key) for key in keys] if keys else [f"line_{n}" for n in range(len(lines))]
    rows = [
        [x, name, y]
        for n, (name, values) in enumerate(zip(names, lines))
        for x, y in zip(grid if shared else grid[n], values)
    ]
    return Table(columns=[xname, "line", "value"], data=rows)


def confusion_matrix(
    probs: Any = None, y_true: Any = None, preds: Any = None, class_names: Any = None, **options: Any
) -> Table:
    """Return a table with the number of examples for each actual and predicted class."""
    if preds is None:
        preds = [max(range(len(row)), key=row.__getitem__) for row in _rows(probs)]
    truth, guessed = [int(n) for n in y_true], [int(n) for n in preds]
    count = max([*truth, *guessed, -1]) + 1
    names = [str(name) for name in class_names] if class_names else [f"Class_{n + 1}" for n in range(count)]
    pairs = list(zip(truth, guessed))
    rows = [
        [names[actual], names[other], pairs.count((actual, other))]
        for actual in range(len(names))
        for other in range(len(names))
    ]
    return Table(columns=["Actual", "Predicted", "nPredictions"], data=rows)


def pr_curve(
    y_true: Any = None, y_probas: Any = None, labels: Any = None, title: str = "", **options: Any
) -> Table:
    """Return a table with precision and recall of each class at each distinct score."""
    rows = [
        [name, hits / selected, hits / total if total else 0.0]
        for name, scores, truth in _classes(y_true, y_probas, labels)
        for hits, selected, total, _ in _thresholds(scores, truth)
    ]
    return Table(columns=["class", "precision", "recall"], data=rows)


def roc_curve(
    y_true: Any = None, y_probas: Any = None, labels: Any = None, title: str = "", **options: Any
) -> Table:
    """Return a table with false and true positive rates of each class at each distinct score."""
    rows = [
        [name, (selected - hits) / others if others else 0.0, hits / total if total else 0.0]
        for name, scores, truth in _classes(y_true, y_probas, labels)
        for hits, selected, total, others in _thresholds(scores, truth)
    ]
    return Table(columns=["class", "fpr", "tpr"], data=rows)


def _rows(values: Any) -> list[list[float]]:
    return [[float(value) for value in row] for row in values]


def _classes(y_true: Any, y_probas: Any, labels: Any) -> list[tuple[str, list[float], list[bool]]]:
    scores, truth = _rows(y_probas), list(y_true)
    classes = sorted(set(truth), key=str)
    return [
        (str(labels[n] if labels else value), [row[n] for row in scores], [label == value for label in truth])
        for n, value in enumerate(classes)
        if scores and n < len(scores[0])
    ]


def _thresholds(scores: list[float], truth: list[bool]) -> list[tuple[int, int, int, int]]:
    """Return true positives, positives, all true and all false examples at each distinct score, the highest first."""
    total, hits, thresholds = sum(truth), 0, []
    ordered = sorted(zip(scores, truth), key=lambda pair: -pair[0])
    for selected, (score, is_true) in enumerate(ordered, 1):
        hits += is_true
        if selected == len(ordered) or ordered[selected][0] != score:
            thresholds.append((hits, selected, total, len(truth) - total))
    return thresholds


__getattr__ = names_of("wandb.plot", "runicorn.compat.wandb")
