from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Viewer


class OddViewer(Viewer):
    """A viewer with further addresses that behave badly."""

    program = ("-m", "tests.site.odd_viewer")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OddViewer]:
    """One server for the tests of a file, without rate limits."""
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    viewer = OddViewer(home / "store", home, RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()  # type: ignore[misc]
    viewer.stop()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """One ordinary viewer for the tests of a file, without rate limits."""
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    viewer = Viewer(home / "store", home, RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()


def lines_of(path: Path) -> list[str]:
    """The lines of a text file."""
    return path.read_text(encoding="utf-8").splitlines()
