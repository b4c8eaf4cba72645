"""SQLite's cache is larger while very many rows are written, and as small as before afterwards."""

from __future__ import annotations

import pytest
from django.db import connection

from runs.index import bulk

pytestmark = pytest.mark.django_db


def cache_size() -> int:
    with connection.cursor() as cursor:
        return int(cursor.execute("PRAGMA cache_size").fetchone()[0])


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has one cache for all connections")
def test_the_cache_is_as_small_as_before_after_an_error_too() -> None:
    usual = cache_size()
    with pytest.raises(ValueError, match="full"), bulk.large_cache():
        assert cache_size() == -bulk.LARGE_CACHE_KB != usual
        raise ValueError("full")
    assert cache_size() == usual
