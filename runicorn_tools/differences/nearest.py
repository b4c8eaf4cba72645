"""Runs nearest to a config, by a distance that scales each key by how it varies in the project.

J. C. Gower, "A General Coefficient of Similarity and Some of Its Properties", Biometrics 27 (1971), 857-871: a number
counts by its share of the range, any other value 0 or 1. Positive numbers that span more than two orders of magnitude
are compared by their logarithms. Seeds, places of outputs and names do not count.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from runicorn_tools.analysis import replicas
from runicorn_tools.differences import values

ORDERS = 100.0
"""Ratio of the largest to the smallest positive value from which logarithms are compared."""


class Near(NamedTuple):
    """A run near to a config.

    Attributes:
        run: its key among the candidates.
        distance: sum over all keys of how far their values are apart, each at most 1.
        changed: keys that differ, the farthest first.
    """

    run: Hashable
    distance: float
    changed: list[str]


class _Scale(NamedTuple):
    low: float
    high: float
    is_logarithmic: bool

    def distance(self, a: float, b: float) -> float:
        if self.is_logarithmic and a > 0 and b > 0:
            spread = math.log(self.high) - math.log(self.low)
            return min(1.0, abs(math.log(a) - math.log(b)) / spread)
        spread = self.high - self.low
        return min(1.0, abs(a - b) / spread) if spread > 0 else 1.0


def nearest(
    config: Mapping[str, Any], candidates: Iterable[tuple[Hashable, Mapping[str, Any]]], limit: int = 5
) -> list[Near]:
    """Return the candidates nearest to a config, nearest first; of equally near ones the first.

    Args:
        config: nested or by dotted key.
        candidates: runs of a project with their configs.
        limit: maximum number of runs.
    """
    target = settings(config)
    runs = [(run, settings(other)) for run, other in candidates]
    scales = _scales([target, *(other for _, other in runs)])
    near = []
    for position, (run, other) in enumerate(runs):
        distances = {key: _distance(key, target, other, scales) for key in {**target, **other}}
        changed = sorted(
            (key for key, value in distances.items() if value), key=lambda key: (-distances[key], key)
        )
        near.append((math.fsum(distances.values()), position, run, changed))
    near.sort(key=lambda item: item[:2])
    return [Near(run, distance, changed) for distance, _, run, changed in near[:limit]]


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a config that count, by dotted key."""
    return {key: value for key, value in values.flat(config) if replicas.is_setting(key)}


def _scales(configs: Sequence[Mapping[str, Any]]) -> dict[str, _Scale]:
    scales: dict[str, _Scale] = {}
    numbers: dict[str, list[float]] = {}
    for config in configs:
        for key, value in config.items():
            if _is_number(value):
                numbers.setdefault(key, []).append(float(value))
    for key, of_key in numbers.items():
        low, high = min(of_key), max(of_key)
        scales[key] = _Scale(low, high, low > 0 and high / low > ORDERS)
    return scales


def _distance(key: str, a: Mapping[str, Any], b: Mapping[str, Any], scales: Mapping[str, _Scale]) -> float:
    if key not in a or key not in b:
        return 1.0
    left, right = a[key], b[key]
    if values.is_equal(left, right):
        return 0.0
    return scales[key].distance(left, right) if _is_number(left) and _is_number(right) else 1.0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
