"""Hyperparameters of the demo's trials: a random search with the two failures that every search has."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

EPOCHS = 30
STRETCH = 10
"""Epochs for which a learning rate of the schedule applies."""

FAMILIES: dict[str, tuple[int, ...]] = {"linear": (), "narrow": (16,), "wide": (128,), "deep": (64, 32)}
RATES = {"sgd": (0.02, 0.1, 0.3), "adam": (0.0005, 0.002, 0.01)}
BATCHES = (16, 32, 64)
DECAYS = (0.0, 0.001)


@dataclass(frozen=True)
class Trial:
    """Hyperparameters of one run.

    Attributes:
        hidden: widths of the hidden layers.
        optimizer: "sgd" or "adam".
        rates: learning rates, each for 10 epochs.
        decay: weight decay.
        seed: seed of the initial weights and the order of the images.
    """

    name: str
    hidden: tuple[int, ...]
    optimizer: str
    rates: tuple[float, ...]
    batch: int
    decay: float
    epochs: int
    seed: int

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0.

        Raises:
            IndexError: the schedule is shorter.
        """
        return self.rates[epoch // STRETCH]


def plan(runs: int, seed: int) -> list[Trial]:
    """Return trials drawn at random within alternating families; of three or more one diverges and one crashes.

    The learning rate of the diverging one grows where others fall; the schedule of the crashing one is too short.

    Args:
        runs: number of trials, 1 to `LIMIT`.
        seed: seed of the random search.
    """
    mishaps = 2 if runs > 2 else 0
    rng = random.Random(seed)
    drawn = {family: rng.sample(SETTINGS, len(SETTINGS)) for family in FAMILIES}
    turns = zip(range(runs - mishaps), itertools.cycle(FAMILIES), strict=False)
    trials = [_trial(family, *drawn[family].pop(), seed=seed + number) for number, family in turns]
    if mishaps:
        trials.insert(runs // 3, _diverging(seed))
        trials.insert(2 * runs // 3, _crashing(seed))
    return trials


def _trial(family: str, optimizer: str, place: int, batch: int, decay: float, seed: int) -> Trial:
    rate = RATES[optimizer][place]
    rates = rate, round(rate / 3, 6), round(rate / 10, 6)
    return Trial(family, FAMILIES[family], optimizer, rates, batch, decay, EPOCHS, seed)


def _diverging(seed: int) -> Trial:
    return Trial("deep", FAMILIES["deep"], "sgd", (0.03, 0.3, 3.0), 32, 0.0, EPOCHS, seed)


def _crashing(seed: int) -> Trial:
    return Trial("wide", FAMILIES["wide"], "adam", (0.002, 0.0006), 32, 0.0, EPOCHS, seed)


SETTINGS = list(itertools.product(RATES, range(3), BATCHES, DECAYS))
LIMIT = len(FAMILIES) * len(SETTINGS)
