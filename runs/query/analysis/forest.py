"""A small random forest, and the permutation importance of its features, with NumPy alone.

L. Breiman, "Random Forests", Machine Learning 45 (2001), 5-32. The importance of a feature is half of the share of the
variance that a tree no longer explains of the rows outside its sample when the values of that feature are shuffled. Where
the effects of features add up, that is the share of the variance which is due to the feature (B. Gregorutti et al.,
"Correlation and variable importance in random forests", Statistics and Computing 27 (2017), 659-678, proposition 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


Floats: TypeAlias = "NDArray[np.float64]"
TREES = 60
DEPTH = 8
LEAF = 3
"""Fewest rows of a leaf."""
SEED = 20260101
"""The same runs have the same importance."""


@dataclass(slots=True)
class _Node:
    """A leaf with its value, or a split: rows at or below the threshold go to the left."""

    value: float
    feature: int = -1
    threshold: float = 0.0
    left: _Node | None = None
    right: _Node | None = None


def permutation_importance(features: Floats, target: Floats, trees: int = TREES) -> tuple[Floats, Floats]:
    """Return the importance of each feature and its standard deviation over the trees.

    Args:
        features: one row for each run, one column for each feature, without NaN.
        target: value of each run.
        trees: number of trees.
    """
    rng = np.random.default_rng(SEED)
    rows, columns = features.shape
    losses: list[Floats] = []
    for _ in range(trees):
        sample = rng.integers(0, rows, rows)
        outside = np.setdiff1d(np.arange(rows), sample)
        # The variance of equal floats is not always 0.
        if len(outside) < 2 or not np.ptp(target[outside]) or not target[outside].var():
            continue
        tree = _grow(features[sample], target[sample], rng, DEPTH)
        unexplained = _loss(tree, features[outside], target[outside])
        loss = np.zeros(columns)
        for column in range(columns):
            shuffled = features[outside].copy()
            shuffled[:, column] = rng.permutation(shuffled[:, column])
            loss[column] = _loss(tree, shuffled, target[outside]) - unexplained
        losses.append(loss / (2 * target[outside].var()))
    if not losses:
        return np.zeros(columns), np.zeros(columns)
    table = np.stack(losses)
    return table.mean(axis=0), table.std(axis=0)


def _loss(tree: _Node, features: Floats, target: Floats) -> float:
    predicted = np.empty(len(target))
    _predict(tree, features, np.arange(len(target)), predicted)
    return float(np.mean((predicted - target) ** 2))


def _predict(node: _Node, features: Floats, rows: NDArray[np.intp], out: Floats) -> None:
    if node.left is None or node.right is None:
        out[rows] = node.value
        return
    goes_left = features[rows, node.feature] <= node.threshold
    _predict(node.left, features, rows[goes_left], out)
    _predict(node.right, features, rows[~goes_left], out)


def _grow(features: Floats, target: Floats, rng: np.random.Generator, depth: int) -> _Node:
    node = _Node(float(target.mean()))
    if depth == 0 or len(target) < 2 * LEAF or not np.ptp(target):
        return node
    columns = features.shape[1]
    # A third of the features at each split, as usual for regression.
    tried = rng.permutation(columns)[: max(1, -(-columns // 3))]
    best = 0.0
    for column in tried:
        gain, threshold = _best_split(features[:, column], target)
        if gain > best:
            best, node.feature, node.threshold = gain, int(column), threshold
    if node.feature >= 0:
        goes_left = features[:, node.feature] <= node.threshold
        node.left = _grow(features[goes_left], target[goes_left], rng, depth - 1)
        node.right = _grow(features[~goes_left], target[~goes_left], rng, depth - 1)
    return node


def _best_split(feature: Floats, target: Floats) -> tuple[float, float]:
    """Return the reduction of the sum of squares by the best threshold, and that threshold; 0 without any."""
    order = np.argsort(feature, kind="stable")
    x, y = feature[order], target[order] - target.mean()
    count = len(y)
    left = np.arange(1, count)
    sums = np.cumsum(y)[:-1]
    gains = sums**2 / left + sums**2 / (count - left)  # the total is 0
    is_allowed = (x[1:] > x[:-1]) & (left >= LEAF) & (count - left >= LEAF)
    gains = np.where(is_allowed, gains, 0.0)
    at = int(np.argmax(gains))
    return float(gains[at]), float(x[at])
