"""The number of queries does not grow with metrics, tiles or runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from metrics.ingest.catch_up import catch_up
from metrics.pages import panels
from metrics.query import series
from metrics.query.series_view import view
from metrics.store.cache import cache
from metrics.store.lanes import Lane
from metrics.store.tile_index import Directory
from runs.models import Run
from runs.services.lookup import get_run
from tests.folders import append_metrics

MakeRun = Callable[..., str]
pytestmark = pytest.mark.usefixtures("small_pieces")


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    cache._entries.clear()


def taken_in(store: Path, make_run: MakeRun, metrics: int, steps: int) -> Run:
    rows = [{f"m{i}": float(step * i % 13) for i in range(metrics)} for step in range(steps)]
    run = get_run(make_run(store, metrics=rows))
    assert catch_up(run, wait=60) == 0
    return run


@pytest.mark.parametrize(("metrics", "steps"), [(2, 30), (20, 30), (2, 300), (20, 60)])
def test_all_series_of_a_run_take_five_and_then_two(
    store: Path,
    make_run: MakeRun,
    django_assert_num_queries: DjangoAssertNumQueries,
    metrics: int,
    steps: int,
) -> None:
    run = taken_in(store, make_run, metrics, steps)
    with django_assert_num_queries(5):  # the journal, its series, their tails, their tiles, the tiles' mips
        first = series.run_series(run, points=4)
    with django_assert_num_queries(2):
        assert len(series.run_series(run, points=4)["series"]) == len(first["series"]) == metrics


def test_means_that_are_not_in_the_cache_are_read_together(
    store: Path, make_run: MakeRun, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run = taken_in(store, make_run, 20, 60)
    first = series.run_series(run, points=4)
    for key in [key for key in cache._entries if key[-1] == "means"]:
        del cache._entries[key]
    with django_assert_num_queries(3):
        again = series.run_series(run, points=4)
    for before, after in zip(first["series"], again["series"], strict=True):
        assert list(before["band"]["mean"]) == list(after["band"]["mean"])


def test_requests_share_the_directory_of_a_series_until_it_grows(store: Path, make_run: MakeRun) -> None:
    run = taken_in(store, make_run, 1, 300)
    (directory,), (again,) = (seen_directories(run) for _ in range(2))
    assert again is directory
    append_metrics(store, run.project, run.name, run.run_id, [{"global_step": 301, "m0": 7.0}], 1.7e9)
    assert catch_up(run, wait=60) == 0
    (grown,) = seen_directories(run)
    assert grown is not directory
    assert grown.column("count").sum() > directory.column("count").sum()


def seen_directories(run: Run) -> list[Directory]:
    series_view = view(run, (Lane.METRIC,))
    assert series_view is not None
    return list(series_view.directories.values())


def test_the_curves_of_many_runs_take_as_many_as_those_of_one(
    store: Path, make_run: MakeRun, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    runs = [taken_in(store, make_run, 1, 100) for _ in range(5)]
    with django_assert_num_queries(4):
        outlines = panels.sparklines({run.pk: "m0" for run in runs})
    assert set(outlines) == {run.pk for run in runs}
    assert all(outlines.values())
    with django_assert_num_queries(2):  # the second looks for runs that are only summarized
        assert panels.sparklines({run.pk: "unknown" for run in runs}) == {}
