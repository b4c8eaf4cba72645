from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processes import Viewer
from tests.server.people.lab import ROLES, Lab, add_users


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A viewer with a user of each role, for the tests of a file."""
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    options = ("--users", "--trusted-proxy", "127.0.0.1")
    viewer = Viewer(home / "store", home, *options, RUNICORN_RATE_LIMIT="off")
    try:
        lab = Lab(viewer.wait_until_it_answers(), home, add_users(home, ROLES))
        yield lab
    finally:
        viewer.stop()
