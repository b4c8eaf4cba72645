"""What the tests of the runs share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from tests.answers import read
from tests.mounts import read_only as read_only

Listing = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def look() -> Callable[[], None]:
    """Look at the whole active store, as the viewer does in the background."""
    return lambda: discovery.full(active_root())


@pytest.fixture
def list_runs(look: Callable[[], None], api: Any) -> Listing:
    """The answer of `GET /api/runs` after such a look."""

    def ask() -> list[dict[str, Any]]:
        look()
        return read(api.get("/api/runs"))

    return ask


def row(run_id: str) -> Run:
    """The row of a run of the active root."""
    return Run.objects.get(root=active_root(), run_id=run_id)


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.wait()
    assert child.stdin is not None
    child.stdin.close()


@pytest.fixture(autouse=True)
def no_rate_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask more often than people do."""
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
