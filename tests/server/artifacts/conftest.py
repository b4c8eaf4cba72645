"""Fixtures: a run in an empty store, files to save, and users without administrator rights."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.artifacts.store import Store


@pytest.fixture(autouse=True)
def no_rate_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests ask more often than people do."""
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")


@pytest.fixture
def run(folder: Path) -> Iterator[rn.Run]:
    """A run whose store is `folder`."""
    with rn.init("p", "n", storage=folder, capture_env=False, system_metrics=False, mode="online") as run:
        yield run


@pytest.fixture
def shelves(folder: Path) -> Store:
    """The artifacts of the store that `run` writes to."""
    return Store(folder)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """`write("a/b.txt", "text")`: a file outside of the store."""

    def put(name: str, content: str | bytes = "content") -> Path:
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


@pytest.fixture(params=[False, True], ids=["links", "copies"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Once where versions are links into the pool, and once where the file system has no links, so that they are copies."""
    if request.param:
        no_links(monkeypatch)
    return "copies" if request.param else "links"


def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file system refuse hard links."""

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted", str(target))

    monkeypatch.setattr(os, "link", refuse)
