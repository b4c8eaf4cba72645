"""What the tests of the runs share."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run

Listing = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def look() -> Callable[[], None]:
    """Look at the whole active store, as the viewer does in the background."""
    return lambda: discovery.full(active_root())


@pytest.fixture
def listed(look: Callable[[], None], api: Any) -> Listing:
    """The answer of `GET /api/runs` after such a look."""

    def ask() -> list[dict[str, Any]]:
        look()
        return read(api.get("/api/runs"))

    return ask


def read(answer: Any) -> Any:
    """The JSON of an answer, streamed or not."""
    assert answer.status_code == 200, answer.content
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return json.loads(content)


def folder_of(root: Path, run_id: str) -> Path:
    """The folder of a run, wherever it lies."""
    (found,) = root.glob(f"*/*/runs/{run_id}")
    return found


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


@pytest.fixture
def read_only() -> Callable[[Path], Any]:
    """`with read_only(folder):` nothing below it can be written, not even by root."""

    @contextmanager
    def bind(folder: Path) -> Iterator[None]:
        with mounted(folder, "--bind", folder):
            mount("-o", "remount,bind,ro", folder)
            yield

    return bind


@contextmanager
def mounted(folder: Path, *what: Any) -> Iterator[None]:
    """Something mounted on a folder, and unmounted at the end."""
    mount(*what, folder)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mount(*arguments: Any) -> None:
    """Mount something; the test is skipped where this process may not."""
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mount: {done.stderr.strip()}")


@pytest.fixture(autouse=True)
def no_rate_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask more often than people do."""
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")
