"""Three servers on one PostgreSQL and one store, for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgresql import PostgreSQL, postgresql
from tests.secrecy import holds, secret
from tests.server.alerts.conftest import make_receiver
from tests.server.cluster.servers import Cluster, Valkey

__all__ = ["make_receiver"]
TOKEN = secret()


@pytest.fixture(scope="package")
def database() -> Iterator[PostgreSQL]:
    """A PostgreSQL server."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory, database: PostgreSQL) -> Iterator[Cluster]:
    """Three servers without rate limits."""
    started_cluster = Cluster(tmp_path_factory.mktemp("cluster"), database)
    try:
        yield started_cluster
    finally:
        started_cluster.stop()


@pytest.fixture(scope="package")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A Valkey server."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="package")
def pair(tmp_path_factory: pytest.TempPathFactory, database: PostgreSQL, valkey: Valkey) -> Iterator[Cluster]:
    """Two servers behind a proxy that require a token and have rate limits."""
    base = tmp_path_factory.mktemp("pair")
    holds(base / "token").write_text(TOKEN, encoding="ascii")
    more = {"RUNICORN_CACHE_URL": valkey.url, "RUNICORN_TOKEN": str(base / "token")}
    more |= {"RUNICORN_TRUSTED_PROXY": "127.0.0.1", "RUNICORN_DATABASE_URL": database.create("pair")}
    started_cluster = Cluster(base, database, 2, RUNICORN_RATE_LIMIT="on", **more)
    try:
        yield started_cluster
    finally:
        started_cluster.stop()
