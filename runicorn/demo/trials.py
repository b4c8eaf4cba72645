"""Which settings are tried: a random search, with the two mishaps in it that every search has."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

EPOCHS = 30
STRETCH = 10
"""A learning rate holds for so many epochs; then the next one of the schedule comes."""

FAMILIES: dict[str, tuple[int, ...]] = {"linear": (), "narrow": (16,), "wide": (128,), "deep": (64, 32)}
RATES = {"sgd": (0.02, 0.1, 0.3), "adam": (0.0005, 0.002, 0.01)}
BATCHES = (16, 32, 64)
DECAYS = (0.0, 0.001)


@dataclass(frozen=True)
class Trial:
    """The settings of one run.

    Attributes:
        name: the experiment it belongs to.
        hidden: the widths of the layers between the pixels and the answer.
        optimizer: "sgd" or "adam".
        rates: learning rates, each for 10 epochs.
        batch: how many images one step sees.
        decay: how strongly weights are drawn to zero.
        epochs: how many times all images are seen.
        seed: of the starting weights and the order of the images.
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
        """The learning rate of an epoch, counted from 0.

        Raises:
            IndexError: the schedule ends before.
        """
        return self.rates[epoch // STRETCH]


def plan(runs: int, seed: int) -> list[Trial]:
    """So many different settings, drawn at random within families that take turns; of three or more one diverges and one crashes.

    The rate of one grows where that of the others falls; the schedule of another is shorter than its training.

    Args:
        runs: at least 1, at most `LIMIT`.
        seed: the same one draws the same settings.
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
