"""Curves of a range that cuts tiles of the usual size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from rest_framework.test import APIClient

from metrics.ingest.catch_up import catch_up
from runs.services.lookup import get_run
from tests.large import many


def test_a_range_that_cuts_tiles_is_equally_fine_everywhere(
    store: Path, make_run: Callable[..., str], api: APIClient
) -> None:
    random = np.random.default_rng(1)
    values = random.random(60_000).tolist()
    run_id = make_run(
        store, metrics=[{"loss": value, "global_step": i} for i, value in many(list(enumerate(values)))]
    )
    while catch_up(get_run(run_id), wait=60):
        pass
    for ends, points in (("20100:36500", 500), ("", 300), ("0:59000", 1000)):
        query = f"step_range={ends}&points={points}" if ends else f"points={points}"
        for address in (f"experiments/{run_id}/series?{query}", f"series?ids={run_id}&names=loss&{query}"):
            (entry,) = api.get(f"/api/v2/{address}").json()["series"]
            counts = np.histogram(entry["x"], 8)[0]
            assert counts.max() <= 1.2 * counts.min(), (address, counts)
            low, high = (int(end) for end in (ends or "0:59999").split(":"))
            window = values[low : high + 1]
            assert (min(entry["y"]), max(entry["y"])) == (min(window), max(window))
            assert (entry["x"][0], entry["x"][-1]) == (low, high)
