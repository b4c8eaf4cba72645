"""A server imports NumPy after its start where the first chart needs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from metrics.ingest.catch_up import catch_up
from metrics.models import Tile
from metrics.query import first_chart
from metrics.query.series import run_series
from metrics.store.cache import cache
from runs.active_root import active_root
from runs.index import discovery
from runs.services.lookup import get_run
from runs.store import lazy_numpy
from tests.folders import write_run
from tests.processes import Viewer, environment
from tests.waiting import until

TILE = 8192
NUMPY = "_multiarray_umath"


@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="This system does not show what a process has loaded"
)
def test_numpy_is_loaded_before_the_first_chart_of_a_long_run(
    start_viewer: Callable[..., Viewer], folder: Path
) -> None:
    run_id = write_run(folder, metrics=[{"loss": 1 / (step + 1)} for step in range(3 * TILE)])
    path = f"/api/v2/experiments/{run_id}/series?names=loss&points=10"
    before = start_viewer()
    until(lambda: "X-Ingest-Pending" not in before.get(path).headers)
    before.stop()
    viewer = start_viewer()
    until(lambda: NUMPY in Path(f"/proc/{viewer.process.pid}/maps").read_text())
    (series,) = viewer.get(path).json()["series"]
    assert series["count"] == 3 * TILE


def test_a_server_of_short_runs_does_without_numpy(
    store: Path, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[None] = []
    monkeypatch.setattr(lazy_numpy, "load", lambda: loads.append(None))
    make_run(store, metrics=[{"loss": 1.0}])
    discovery.full(active_root())
    first_chart.prepare()
    assert not loads


@pytest.mark.usefixtures("small_pieces")
def test_the_newest_curve_is_read_before_the_first_chart(
    store: Path, make_run: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run = get_run(make_run(store, metrics=[{"loss": 1 / (step + 1)} for step in range(300)]))
    assert catch_up(run, wait=60) == 0
    cache._entries.clear()
    first_chart.prepare()
    with django_assert_num_queries(2):  # the journal and its series, but no tiles
        assert run_series(run, ["loss"])["series"][0]["count"] == 300


@pytest.mark.usefixtures("small_pieces")
def test_a_damaged_curve_does_not_end_the_start(store: Path, make_run: Any) -> None:
    run = get_run(make_run(store, metrics=[{"loss": 1 / (step + 1)} for step in range(300)]))
    assert catch_up(run, wait=60) == 0
    cache._entries.clear()
    Tile.objects.update(mip=b"\xff damaged", data=b"\xff damaged")
    first_chart.prepare()


@pytest.mark.usefixtures("small_pieces")
def test_a_curve_that_would_need_too_much_memory_does_not_end_the_start(
    store: Path, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = get_run(make_run(store, metrics=[{"loss": 1 / (step + 1)} for step in range(300)]))
    assert catch_up(run, wait=60) == 0
    requests: list[list[str]] = []

    # A damaged length: to allocate that much for a test could end others.
    def series(run: Any, names: list[str]) -> None:
        requests.append(names)
        raise MemoryError("Unable to allocate 32 GiB")

    monkeypatch.setattr(first_chart, "run_series", series)
    first_chart.prepare()
    assert requests == [["loss"]]


def test_no_module_of_the_server_imports_numpy_before_a_chart(home: Path) -> None:
    program = """
import sys
import django
django.setup(set_prefix=False)
import runicorn_site.urls, runicorn_site.server.worker
assert "runicorn_site.urls" in sys.modules and "numpy" not in sys.modules
"""
    settings = environment(home, DJANGO_SETTINGS_MODULE="runicorn_site.settings")
    process = subprocess.run([sys.executable, "-c", program], env=settings, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
