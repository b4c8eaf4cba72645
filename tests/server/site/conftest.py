from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processes import Viewer


class OddViewer(Viewer):
    """A viewer with further addresses that behave badly."""

    program = ("-m", "tests.server.site.odd_viewer")


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OddViewer]:
    """One server with these addresses for all tests that leave no trace in it, without rate limits."""
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    viewer = OddViewer(home / "store", home, RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()  # type: ignore[misc]
    viewer.stop()


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """One ordinary viewer for all tests that leave no trace in it, without rate limits."""
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    viewer = Viewer(home / "store", home, RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()
