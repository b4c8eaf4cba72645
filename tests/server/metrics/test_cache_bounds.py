"""The cache is bounded in bytes, evicts the least recently used entry, and counts hits and misses."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rest_framework.test import APIClient

from metrics.ingest.catch_up import catch_up
from metrics.store import codec
from metrics.store.cache import Cache
from metrics.store.columns import Values
from metrics.store.points import Points
from runs.services.lookup import get_run
from tests.folders import append_metrics
from tests.large import many

MakeRun = Callable[..., str]


def test_the_least_recently_used_entry_is_evicted_first() -> None:
    cache = Cache(max_bytes=100, entry_bytes=0)
    cache.put("a", 1, 40)
    cache.put("b", 2, 40)
    assert cache.get("a") == 1
    cache.put("c", 3, 40)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    assert cache.stats()["size"] == 80


def test_an_entry_larger_than_the_cache_is_not_stored() -> None:
    cache = Cache(max_bytes=100, entry_bytes=0)
    cache.put("a", 1, 40)
    cache.put("b", 2, 101)
    assert (cache.get("a"), cache.get("b")) == (1, None)


def test_a_value_put_again_counts_once() -> None:
    cache = Cache(max_bytes=100, entry_bytes=0)
    for size in (40, 60, 10):
        cache.put("a", size, size)
    assert (cache.get("a"), cache.stats()["size"]) == (10, 10)


def test_thousands_of_tiny_values_are_counted_with_what_their_objects_cost() -> None:
    number = np.arange(1)
    block = codec.encode(Points(number, number, number * 1.0, Values.of([1.5]), Values.nothing(1)))
    cache = Cache(max_bytes=10**9)
    gc.collect()
    tracemalloc.start()
    try:
        for number in many(range(3000)):
            cache.put((f"series-{number}", number, True), codec.decode(block), 48)
        cost, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert cost <= cache.stats()["size"] <= 2 * cost


def test_the_api_returns_the_cache_statistics(store: Path, api: APIClient) -> None:
    figures = api.get("/api/metrics/cache/stats").json()
    assert {name: type(value) for name, value in figures.items()} == {
        "size": int,
        "max_size": int,
        "hits": int,
        "misses": int,
        "incremental_updates": int,
        "hit_rate": float,
        "incremental_rate": float,
    }
    assert figures["size"] <= figures["max_size"]
    assert 0 <= figures["hit_rate"] <= 1 and 0 <= figures["incremental_rate"] <= 1


@pytest.mark.usefixtures("small_pieces")
def test_a_growing_series_reads_only_what_is_new(store: Path, make_run: MakeRun, api: APIClient) -> None:
    run_id = make_run(store, metrics=[{"loss": float(step)} for step in range(60)])
    address = f"/api/v2/experiments/{run_id}/series?points=4"
    api.get(address)
    before = api.get("/api/metrics/cache/stats").json()["incremental_updates"]
    more = [{"loss": float(step), "global_step": step + 1} for step in range(60, 120)]
    append_metrics(store, "vision", "resnet", run_id, more, 1.8e9)
    catch_up(get_run(run_id), wait=60)
    (entry,) = api.get(address).json()["series"]
    assert (entry["count"], entry["max"]) == (120, 119.0)
    assert api.get("/api/metrics/cache/stats").json()["incremental_updates"] == before + 1
