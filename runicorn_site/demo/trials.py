"""Hyperparameters of the demo: configs with three seeds each, and two typical failures."""

from __future__ import annotations

import itertools
import random
from typing import NamedTuple

PROJECT = "digits"
EPOCHS, SEEDS = 30, 3
STRETCH = 10
"""Epochs for which a learning rate of the schedule applies."""
LAYERS: dict[str, tuple[int, ...]] = {"linear": (), "narrow": (16,), "wide": (128,), "deep": (64, 32)}
RATES = {"sgd": (0.02, 0.1, 0.3), "adam": (0.0005, 0.002, 0.01)}
SETTINGS = list(itertools.product(RATES, range(3), (16, 32, 64), (0.0, 0.001)))
LIMIT = len(LAYERS) * len(SETTINGS) * SEEDS


class Trial(NamedTuple):
    """One run: `group` names its config, `hidden` are the widths of layers, each of `rates` is for 10 epochs."""

    group: str
    hidden: tuple[int, ...]
    optimizer: str
    rates: tuple[float, ...]
    batch: int
    decay: float
    seed: int


def plan(runs: int, seed: int) -> list[Trial]:
    """Return trials of random configs, one seed of each after another; of three or more one diverges and one crashes."""
    rng, first_seed = random.Random(seed), SEEDS * seed + 1
    drawn = [[_config(family, *s) for s in rng.sample(SETTINGS, len(SETTINGS))] for family in LAYERS]
    mishaps = 2 if runs > 2 else 0
    count = -(-(runs - mishaps) // SEEDS)
    configs = list(itertools.islice(itertools.chain(*zip(*drawn, strict=True)), count))
    trials = [c._replace(seed=first_seed + n) for n in range(SEEDS) for c in configs][: runs - mishaps]
    if mishaps:  # the rate of one grows where others fall; the schedule of the other is too short
        diverging = Trial("deep-sgd-growing", LAYERS["deep"], "sgd", (0.03, 0.3, 3.0), 32, 0.0, first_seed)
        crashing = Trial("wide-adam-short", LAYERS["wide"], "adam", (0.002, 0.0006), 32, 0.0, first_seed)
        trials.insert(runs // 3, diverging)
        trials.insert(2 * runs // 3, crashing)
    return trials


def _config(family: str, optimizer: str, place: int, batch: int, decay: float) -> Trial:
    rate = RATES[optimizer][place]
    rates = rate, round(rate / 3, 6), round(rate / 10, 6)
    name = f"{family}-{optimizer}-lr{rate:g}-b{batch}" + (f"-wd{decay:g}" if decay else "")
    return Trial(name, LAYERS[family], optimizer, rates, batch, decay, 0)
