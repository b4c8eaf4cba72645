"""Three servers on one PostgreSQL and one store, for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alerts.conftest import make_receiver
from tests.cluster.servers import Cluster
from tests.postgresql import PostgreSQL, postgresql

__all__ = ["make_receiver"]


@pytest.fixture(scope="package")
def database() -> Iterator[PostgreSQL]:
    """A PostgreSQL server."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory, database: PostgreSQL) -> Iterator[Cluster]:
    """Three servers without limits."""
    found = Cluster(tmp_path_factory.mktemp("cluster"), database)
    try:
        yield found
    finally:
        found.stop()
