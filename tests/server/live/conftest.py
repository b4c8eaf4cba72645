"""One real viewer for all tests of this folder; each test has a run of its own in its store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.folders import write_run
from tests.processes import Viewer
from tests.server.live.sockets import LiveRun


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer without limits."""
    base = tmp_path_factory.mktemp("live")
    (base / "store").mkdir()
    off = {"RUNICORN_RATE_LIMIT": "off", "RUNICORN_MAX_SOCKETS": "0"}
    viewer = Viewer(base / "store", base / "home", **off)
    try:
        yield viewer.wait_until_it_answers()
    finally:
        viewer.stop()


@pytest.fixture
def new_run(server: Viewer) -> Callable[..., LiveRun]:
    """`new_run(status="running", logs="…", …)`: a run in the server's store, see `write_run`."""

    def make(status: str = "running", **about: Any) -> LiveRun:
        run_id = write_run(server.root, "live", "test", status=status, **about)
        return LiveRun(server, run_id, Path(server.root, "live", "test", "runs", run_id))

    return make
