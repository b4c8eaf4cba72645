"""Trials of the demo: configs of `search.json` with three seeds each, and two typical failures."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any, NamedTuple

SEARCH: dict[str, Any] = json.loads(Path(__file__).with_name("search.json").read_text(encoding="utf-8"))
PROJECT, EPOCHS, STRETCH = SEARCH["project"], SEARCH["epochs"], SEARCH["epochs_of_a_rate"]
SETTINGS = list(itertools.product(SEARCH["rates"], range(3), SEARCH["batches"], SEARCH["decays"]))
LIMIT = len(SEARCH["layers"]) * len(SETTINGS) * SEARCH["seeds"]


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
    rng, seeds = random.Random(seed), range(SEARCH["seeds"] * seed + 1, SEARCH["seeds"] * (seed + 1) + 1)
    # The rate of one failure grows where others fall; the schedule of the other is too short.
    failures = SEARCH["failures"] if runs > 2 else []
    samples = [[_config(name, *s) for s in rng.sample(SETTINGS, len(SETTINGS))] for name in SEARCH["layers"]]
    configs = list(itertools.chain(*zip(*samples, strict=True)))[: -((len(failures) - runs) // len(seeds))]
    trials = [config._replace(seed=n) for n in seeds for config in configs][: runs - len(failures)]
    for place, (group, hidden, optimizer, rates, batch, decay) in enumerate(failures, 1):
        failure = Trial(group, tuple(hidden), optimizer, tuple(rates), batch, decay, seeds[0])
        trials.insert(place * runs // 3, failure)
    return trials


def _config(layers: str, optimizer: str, place: int, batch: int, decay: float) -> Trial:
    rate = SEARCH["rates"][optimizer][place]
    rates = rate, round(rate / 3, 6), round(rate / 10, 6)
    name = f"{layers}-{optimizer}-lr{rate:g}-b{batch}" + (f"-wd{decay:g}" if decay else "")
    return Trial(name, tuple(SEARCH["layers"][layers]), optimizer, rates, batch, decay, 0)
