"""Hyperparameters of the demo: a random search that includes two typical failures."""

from __future__ import annotations

import itertools
import random
from typing import NamedTuple

EPOCHS = 30
STRETCH = 10
"""Epochs for which a learning rate of the schedule applies."""
FAMILIES: dict[str, tuple[int, ...]] = {"linear": (), "narrow": (16,), "wide": (128,), "deep": (64, 32)}
RATES = {"sgd": (0.02, 0.1, 0.3), "adam": (0.0005, 0.002, 0.01)}
SETTINGS = list(itertools.product(RATES, range(3), (16, 32, 64), (0.0, 0.001)))
LIMIT = len(FAMILIES) * len(SETTINGS)


class Trial(NamedTuple):
    """Hyperparameters of one run: `hidden` are the widths of layers, each of `rates` is for 10 epochs."""

    name: str
    hidden: tuple[int, ...]
    optimizer: str
    rates: tuple[float, ...]
    batch: int
    decay: float
    epochs: int
    seed: int


def plan(runs: int, seed: int) -> list[Trial]:
    """Return random trials of alternating families; of three or more one diverges and one crashes."""
    mishaps = 2 if runs > 2 else 0
    rng = random.Random(seed)
    drawn = {family: rng.sample(SETTINGS, len(SETTINGS)) for family in FAMILIES}
    trials = []
    for number, family in zip(range(runs - mishaps), itertools.cycle(FAMILIES), strict=False):
        optimizer, place, batch, decay = drawn[family].pop()
        rate = RATES[optimizer][place]
        rates = rate, round(rate / 3, 6), round(rate / 10, 6)
        trials.append(
            Trial(
                _name(family, optimizer, rate, batch, decay),
                FAMILIES[family],
                optimizer,
                rates,
                batch,
                decay,
                EPOCHS,
                seed + number,
            )
        )
    if mishaps:  # the rate of one grows where others fall; the schedule of the other is too short
        diverging = Trial(
            "deep-sgd-growing", FAMILIES["deep"], "sgd", (0.03, 0.3, 3.0), 32, 0.0, EPOCHS, seed
        )
        crashing = Trial("wide-adam-short", FAMILIES["wide"], "adam", (0.002, 0.0006), 32, 0.0, EPOCHS, seed)
        trials.insert(runs // 3, diverging)
        trials.insert(2 * runs // 3, crashing)
    return trials


def _name(family: str, optimizer: str, rate: float, batch: int, decay: float) -> str:
    """Return a name that tells a trial from all others of its plan."""
    return f"{family}-{optimizer}-lr{rate:g}-b{batch}" + (f"-wd{decay:g}" if decay else "")
