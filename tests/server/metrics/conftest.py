"""Fixtures of the tests of metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.ingest import intake, source
from metrics.store import pyramid
from tests.server.metrics.pyramids import SMALL


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles, blocks and transactions so small that a short journal goes through all of them."""
    monkeypatch.setattr(pyramid, "SHAPE", SMALL)
    monkeypatch.setattr(source, "BLOCK", 700)
    monkeypatch.setattr(intake, "GROUP_BYTES", 2000)


@pytest.fixture
def shared_store(folder: Path, home: Path, transactional_db: None) -> Path:
    """An empty storage root whose rows other threads and processes see as well."""
    from runs.active_root import activate

    activate(folder)
    return folder
