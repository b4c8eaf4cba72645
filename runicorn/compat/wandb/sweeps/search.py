"""Search strategies of a sweep: grid, random, and near the best so far."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import islice, product
from statistics import NormalDist
from typing import Any

from runicorn.compat.wandb.sweeps.definition import Definition

FIRST_RANDOM = 5
"""Finished runs before the method bayes uses their results."""
CANDIDATES = 4
"""Positions that are compared for each parameter; more of them lead away from the good runs, into empty regions."""
GOOD_PART = 0.2


def proposal(
    sweep: Definition,
    number: int,
    finished: Sequence[tuple[dict[str, float], float]],
    generator: random.Random,
) -> tuple[dict[str, Any], dict[str, float]] | None:
    """Return values and positions by path for a run; None if a grid has no more.

    Args:
        number: of the run, counted from 0.
        finished: positions and result of each finished run; smaller results are better.
    """
    if sweep.method == "grid":
        names = list(sweep.parameters)
        choices = [parameter.choices or () for parameter in sweep.parameters.values()]
        values = next(islice(product(*choices), number, None), None)
        return None if values is None else (dict(zip(names, values)), {})
    positions = {name: generator.random() for name in sweep.parameters}
    usable = [(places, result) for places, result in finished if math.isfinite(result)]
    if sweep.method == "bayes" and len(usable) >= FIRST_RANDOM:
        positions = _likely(sweep, usable, generator)
    values_at = {name: parameter.at(positions[name]) for name, parameter in sweep.parameters.items()}
    return values_at, positions


def _likely(
    sweep: Definition, finished: list[tuple[dict[str, float], float]], generator: random.Random
) -> dict[str, float]:
    """Return positions that are more likely among the good runs than among the others.

    The method is the tree-structured Parzen estimator: Bergstra et al., "Algorithms for Hyper-Parameter Optimization"
    (2011), with kernels on the positions.
    """
    ordered = [places for places, _ in sorted(finished, key=lambda entry: entry[1])]
    count = max(1, math.ceil(GOOD_PART * len(ordered)))
    good, bad = ordered[:count], ordered[count:]
    positions = {}
    for name, parameter in sweep.parameters.items():
        near, far = [run[name] for run in good], [run[name] for run in bad]
        width = max(0.03, 0.5 / math.sqrt(len(ordered)))
        if parameter.value_at is None and parameter.choices is not None:
            width = min(width, 0.5 / len(parameter.choices))  # a choice has no neighbours
        candidates = [
            generator.random()
            if generator.random() < 1 / (1 + len(near))
            else _reflected(generator.gauss(generator.choice(near), width))
            for _ in range(CANDIDATES)
        ]
        positions[name] = max(
            candidates, key=lambda place: _density(place, near, width) / _density(place, far, width)
        )
    return positions


def _reflected(position: float) -> float:
    inside = position % 2
    return 2 - inside if inside > 1 else inside


def _density(position: float, centers: list[float], width: float) -> float:
    """Return the density of normal kernels, cut off at 0 and 1, and of a uniform part that keeps it above 0."""
    total = 1.0
    for center in centers:
        kernel = NormalDist(center, width)
        total += kernel.pdf(position) / (kernel.cdf(1) - kernel.cdf(0))
    return total / (1 + len(centers))
