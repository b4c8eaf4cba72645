"""The coarse form of a tile keeps the ends of a series by step and by time."""

from __future__ import annotations

import numpy as np

from metrics.store.columns import FLOAT, Values
from metrics.store.points import Points
from metrics.store.pyramid import thin


def test_of_points_at_the_same_time_the_row_logged_last_is_the_last() -> None:
    count, middle = 600, 310
    step = np.arange(count)
    row = np.roll(step, middle)  # the rows logged first and last are in the middle by step
    time = 1.7e9 + np.clip(row, 2, count - 3)
    heights = np.zeros(count)
    heights[::10], heights[1::10] = 1.0, -1.0  # the extremes of each bucket are other points
    value = Values(FLOAT, heights.view(np.int64))
    thinned = thin(Points(row, step, time, value, Values.nothing(count))).by_time()
    assert (thinned.row[0], thinned.row[-1]) == (0, count - 1)
