"""Where to look next in a search: the settings that the best runs share, and that few runs have been tried with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

LEAST_RUNS = 10
"""Runs below which nothing is said."""
BEST = 0.2
"""Share of the runs that are the best."""
FEW = 0.5
"""Largest share of the runs that were tried in a region where more of them are suggested."""

Value: TypeAlias = float | str | None


class KeyRegion(NamedTuple):
    """Values of a config key.

    Attributes:
        low, high: of a key with numbers.
        words: of any other key.
    """

    key: str
    low: float | None
    high: float | None
    words: tuple[str, ...]

    def contains(self, value: Value) -> bool:
        """Return whether a value is in the region."""
        if self.low is None or self.high is None:
            return value is not None and str(value) in self.words
        return isinstance(value, float) and self.low <= value <= self.high


class Suggestion(NamedTuple):
    """A region of config keys.

    Attributes:
        regions: of the keys that it limits.
        best: number of the best runs, all of which are in it.
        tried: number of runs in it.
        runs: number of runs that were compared.
    """

    regions: list[KeyRegion]
    best: int
    tried: int
    runs: int


def suggest(
    values: Sequence[float | None], columns: Mapping[str, Sequence[Value]], mode: str
) -> Suggestion | None:
    """Return the region in which the best fifth of the runs lies; None if most of the runs were tried there already.

    Args:
        values: metric of each run.
        columns: values of the important config keys, of each run.
        mode: `min` or `max`.
    """
    runs = [at for at, value in enumerate(values) if value is not None and math.isfinite(value)]
    if len(runs) < LEAST_RUNS:
        return None
    order = sorted(runs, key=lambda at: values[at] or 0.0, reverse=mode == "max")
    best = order[: math.ceil(len(runs) * BEST)]
    regions = [
        region
        for key, column in columns.items()
        if (region := _region(key, [column[at] for at in best]))
        and not all(region.contains(column[at]) for at in runs)
    ]
    tried = sum(all(region.contains(columns[region.key][at]) for region in regions) for at in runs)
    if not regions or tried > FEW * len(runs):
        return None
    return Suggestion(regions, len(best), tried, len(runs))


def _region(key: str, values: Sequence[Value]) -> KeyRegion | None:
    """Return the region of some values; None if a run has no value."""
    if any(value is None for value in values):
        return None
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) == len(values):
        return KeyRegion(key, min(numbers), max(numbers), ())
    return KeyRegion(key, None, None, tuple(sorted({str(value) for value in values})))
