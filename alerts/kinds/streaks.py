"""Episodes of a condition over consecutive points, vectorized."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from alerts.kinds.base import Memory
from metrics.store.columns import Bools
from runicorn.alerts.evaluation import IDLE, episodes, is_idle

__all__ = ["IDLE", "changes", "is_idle"]


def changes(bad: Bools, need: int, memory: Memory) -> tuple[list[tuple[bool, int]], Memory]:
    """Return where an episode begins and ends, see `episodes`; `bad` is not empty."""
    edges = [0, *(np.flatnonzero(bad[1:] != bad[:-1]) + 1).tolist(), len(bad)]
    return episodes(bool(bad[0]), [stop - start for start, stop in pairwise(edges)], need, memory)
