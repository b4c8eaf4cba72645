"""Where to look next in a search: a region of the important settings, or nothing."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from pathlib import Path

from django.test import Client

from metrics.ingest.catch_up import catch_up_several
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from runs.query.analysis.suggestion import suggest
from tests.large import many


def test_the_region_of_the_best_fifth_is_suggested_where_few_runs_are() -> None:
    rates: list[float | str | None] = [0.1 * number for number in range(20)]
    losses: list[float | None] = [abs(number - 6.5) for number in range(20)]
    suggestion = suggest(losses, {"lr": rates}, "min")
    assert suggestion is not None
    (region,) = suggestion.regions
    assert (region.key, region.low, region.high) == ("lr", 0.1 * 5, 0.1 * 8)
    assert (suggestion.best, suggestion.tried, suggestion.runs) == (4, 4, 20)


def test_nothing_is_suggested_where_the_runs_do_not_say() -> None:
    rates: list[float | str | None] = [0.1 * number for number in range(20)]
    spread: list[float | None] = [float(number % 19 != 0) for number in range(20)]
    assert suggest(spread, {"lr": rates}, "min") is None, "the best are at both ends"
    assert suggest([1.0] * 9, {"lr": rates[:9]}, "min") is None, "few runs"
    assert suggest(spread, {}, "min") is None
    assert suggest([None, math.nan] * 10, {"lr": rates}, "min") is None
    assert suggest(spread, {"lr": [None] * 20}, "max") is None


def test_words_and_directions_count() -> None:
    optimizers: list[float | str | None] = ["sgd", "adam", "lion", "rmsprop"] * 5
    scores: list[float | None] = [float(optimizer == "lion") for optimizer in optimizers]
    suggestion = suggest(scores, {"optimizer": optimizers}, "max")
    assert suggestion is not None and suggestion.regions[0].words == ("lion",) and suggestion.tried == 5


def test_the_panel_says_where_to_look_next(store: Path, make_run: Callable[..., str], client: Client) -> None:
    source = random.Random(1)
    for seed in many(range(60)):
        lr = 10 ** source.uniform(-4, 0)
        loss = (math.log10(lr) + 2) ** 2 + source.gauss(0, 0.02)
        make_run(store, "vision", config={"lr": lr, "seed": seed}, metrics=[{"loss": loss}])
    discovery.full(active_root())
    while catch_up_several(list(Run.objects.select_related("root"))):
        pass  # a busy machine needs several rounds
    address = "/?project=vision&layout=charts&tab=hyperparameters"
    text = " ".join(client.get(address).content.decode().split())
    assert 'id="look-next"' in text and "runs were tried there." in text
    assert re.search(r"<bdi>lr</bdi> (0\.[5-9]|1\.)\d* ±", text) and "<bdi>seed</bdi>" not in text
    assert "rank correlation" in text and 'id="best-so-far"' in text
