"""Curves of metrics, as differences compare them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from runicorn.api.responses.differences import Parting


class Curve(NamedTuple):
    """Points of a metric in the order of their steps; NaN where a value is not finite."""

    steps: Sequence[float]
    values: Sequence[float]


Curves = Mapping[str, Curve]
"""Curves of a run by metric."""
FindPartings = Callable[[Sequence[Curves], Sequence[Curves], Sequence[Curves]], list[Parting]]
"""Returns where the curves of a run and its replicas part from those of others.

The third argument are the curves of further replicas of both, if the two are replicas of each other.
"""
