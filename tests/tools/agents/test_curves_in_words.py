"""Facts of curves that agents are told."""

from __future__ import annotations

import math

import pytest

from runicorn_site.agents.curve import facts

STEPS = list(range(1, 41))


@pytest.mark.parametrize(
    ("values", "spikes"),
    [
        ([1 / step for step in STEPS], []),
        ([math.nan if step == 8 else 1 / step for step in STEPS], []),
        ([0.1 if step < 20 else 0.01 for step in STEPS], []),
        ([5.0 if step == 30 else 1 / step for step in STEPS], [(30.0, 5.0)]),
        ([-5.0 if step == 3 else 1 / step for step in STEPS], [(3.0, -5.0)]),
    ],
    ids=["steep beginning", "gap", "level", "up", "down"],
)
def test_a_spike_sticks_out_from_both_neighbours(
    values: list[float], spikes: list[tuple[float, float]]
) -> None:
    description = facts(STEPS, values)
    assert description is not None and description.spikes == spikes
