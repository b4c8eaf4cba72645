"""Which hyperparameters matter for a metric."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from runs.models import RunParam
from runs.query.analysis.forest import TREES, permutation_importance
from runs.query.analysis.metric_values import Definitions, Floats, Ints, values_of
from runs.query.matches import Matches
from runs.store.lazy_numpy import np

MOST_RUNS = 1000
"""Newest runs that are read."""
MOST_KEYS = 50
LEAST_RUNS = 8
"""Runs below which nothing is said."""


class KeyImportance(NamedTuple):
    """Importance of a config key.

    Attributes:
        importance: share of the metric's variance that is due to this key.
        std: standard deviation over the trees of the forest.
        correlation: Spearman's rank correlation with the metric; None unless all its values are numbers.
    """

    key: str
    importance: float
    std: float
    correlation: float | None


def importance(
    matches: Matches, metric: str, *, trees: int = TREES, most_keys: int = MOST_KEYS
) -> tuple[list[KeyImportance], int]:
    """Return the config keys that differ between runs, most important first, and the number of runs with the metric.

    A key whose values are all different words, such as a path, is left out.

    Args:
        metric: name of a metric, with a statistic if the definition is not meant.
        trees: number of trees of the forest.
        most_keys: maximum number of keys; those of most runs are compared.
    """
    newest = list(matches.runs.newest().values_list("pk", flat=True)[:MOST_RUNS])
    keys: Ints = np.sort(np.array(newest, dtype=np.int64))
    quantity = Definitions.of(matches.runs).quantity(metric)
    target = values_of(matches.root, quantity, keys)
    keys, target = keys[np.isfinite(target)], target[np.isfinite(target)]
    if len(keys) < LEAST_RUNS or not np.ptp(target):
        return [], len(keys)
    names, columns, numeric = _features(keys, most_keys)
    if not names:
        return [], len(keys)
    # Shares do not depend on the unit; in that of the largest value no square exceeds the largest float.
    scaled = target / np.abs(target).max()
    shares, stds = permutation_importance(np.stack(columns, axis=1), scaled, trees)
    entries = [
        KeyImportance(name, float(share), float(std), _spearman(column, target) if is_number else None)
        for name, share, std, column, is_number in zip(names, shares, stds, columns, numeric, strict=True)
    ]
    return sorted(entries, key=lambda entry: -entry.importance), len(keys)


def _features(keys: Ints, most_keys: int) -> tuple[list[str], list[Floats], list[bool]]:
    """Return the keys that differ with a column of numbers each, and whether these are its values."""
    places = {run: place for place, run in enumerate(keys.tolist())}
    cells: dict[str, list[tuple[int, float | None, str]]] = defaultdict(list)
    rows = RunParam.objects.filter(run__in=keys.tolist()).order_by()
    for run, key, number, text in rows.values_list("run_id", "key", "number", "text"):
        cells[key].append((places[run], number, text))
    names: list[str] = []
    columns: list[Floats] = []
    numeric: list[bool] = []
    for key, values in sorted(cells.items(), key=lambda item: (-len(item[1]), item[0])):
        is_number = all(number is not None for _, number, _ in values)
        texts = {text for _, _, text in values}
        is_constant = len(texts) == 1 and len(values) == len(keys)
        if is_constant or (not is_number and len(texts) > len(values) / 2) or len(names) == most_keys:
            continue
        column = np.full(len(keys), np.nan)
        codes = {text: code for code, text in enumerate(sorted(texts))}
        for place, number, text in values:
            column[place] = number if is_number and number is not None else codes[text]
        if np.isnan(column).any():
            # Missing values are below all others, which a split can separate.
            column[np.isnan(column)] = np.nanmin(column) - 1
            is_number = False
        names.append(key)
        columns.append(column)
        numeric.append(is_number)
    return names, columns, numeric


def _spearman(column: Floats, target: Floats) -> float | None:
    ranks = _ranks(column), _ranks(target)
    spread = ranks[0].std() * ranks[1].std()
    if not spread:
        return None
    return float(np.mean((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())) / spread)


def _ranks(values: Floats) -> Floats:
    """Return ranks, that of ties their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: Floats = (last - (counts - 1) / 2)[inverse]
    return middle
