"""Means of neighbouring points, from which smoothed curves of long series are computed.

A mean is a point of its own: `value` is the mean of a bucket, `row`, `step` and `time` are those of its last point,
and `stage` is the number of finite values in it. Buckets without a finite value are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from metrics.store.columns import FLOAT, INT, Floats, Values
from metrics.store.points import Points, gather
from runs.store.lazy_numpy import np


def means_of(points: Points, bucket: int) -> Points:
    """Return the means of every `bucket` points, which are in the order of steps; a step counts once.

    Points that all share a step have none: they are read by time.
    """
    if len(points) and points.step[0] != points.step[-1]:
        points = points.unshadowed()
    finite = np.isfinite(points.value.numbers())
    return _means(counted(points.select(finite)), bucket)


def means_of_means(parts: Sequence[Points], bucket: int) -> Points:
    return _means(gather(parts), bucket)


def coarser(points: Points, times: int) -> Points:
    """Return the means of so many neighbouring points or means each."""
    return _means(points.select(np.isfinite(points.value.numbers())), times)


def counted(points: Points) -> Points:
    return replace(points, stage=Values(INT, np.broadcast_to(np.int64(1), (len(points),))))


def counts(means: Points) -> Floats:
    """Return how many values each mean stands for."""
    return means.stage.bits.astype(np.float64)


def _means(points: Points, bucket: int) -> Points:
    if not len(points):
        return points
    starts = np.arange(0, len(points), bucket)
    ends = np.append(starts[1:], len(points)) - 1
    weights = counts(points)
    total = np.add.reduceat(weights, starts)
    # Divided first: the sum of 32 values may exceed the largest float.
    shares = weights / np.repeat(total, ends - starts + 1)
    value = np.add.reduceat(points.value.numbers() * shares, starts)
    return replace(
        points.select(ends),
        shadow=None,
        value=Values(FLOAT, value.view(np.int64)),
        stage=Values(INT, total.astype(np.int64)),
    )
