"""Real SSH servers and stores for remote pages; a real viewer and browser for journeys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Viewer
from tests.screens import screen_of
from tests.server.remote.conftest import (  # noqa: F401 - fixtures
    known_sshd,
    remote_loop,
    remote_store,
    sshd,
    start_sshd,
    starting,
)


@pytest.fixture
def near(tmp_path: Path) -> Iterator[Viewer]:
    """A local viewer over an empty store."""
    root = tmp_path / "near"
    root.mkdir()
    viewer = Viewer(root, tmp_path / "near home", RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()


@pytest.fixture
def visit(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """`visit(viewer, "/remote")`: a page that fails on script errors, in its own context, on the journey's screen."""
    from contextlib import ExitStack

    from tests.browser import careful_page

    with ExitStack() as stack:

        def go(viewer: Viewer, path: str, **options: Any) -> Any:
            page = stack.enter_context(careful_page(chromium, **(screen_of(request).options | options)))
            page.goto(viewer.url + path)
            return page

        yield go
