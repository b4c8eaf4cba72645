from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from runicorn_site.database.settings import database

FILE = Path("/data/runicorn.sqlite3")


def test_without_a_url_it_is_a_file_that_never_deadlocks() -> None:
    entry = database("", FILE)
    assert (entry["ENGINE"], entry["NAME"]) == ("runicorn_site.database.sqlite", str(FILE))
    assert entry["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert entry["OPTIONS"]["init_command"].startswith("PRAGMA page_size=8192; PRAGMA journal_mode=WAL")
    assert not entry.get("ATOMIC_REQUESTS")


def test_a_url_may_name_another_file() -> None:
    assert database("sqlite:////tmp/with%20space.db", FILE)["NAME"] == "/tmp/with space.db"
    assert database("sqlite:///tmp/other.db", FILE)["NAME"] == "/tmp/other.db"


def test_a_url_may_name_a_postgresql_server() -> None:
    entry = database("postgresql://me:p%40ss@[::1]:5433/runs?sslmode=require", FILE)
    assert {key: entry[key] for key in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "runs",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "::1",
        "PORT": "5433",
    }
    assert entry["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ("one:5432,two:5433", ("one,two", "5432,5433")),
        ("one,[::1]:5433", ("one,::1", ",5433")),
        ("one,two", ("one,two", "")),
    ],
)
def test_a_url_may_name_several_hosts(hosts: str, expected: tuple[str, str]) -> None:
    entry = database(f"postgresql://me:p%40ss@{hosts}/runs?target_session_attrs=read-write", FILE)
    assert (entry["HOST"], entry["PORT"]) == expected
    assert (entry["USER"], entry["PASSWORD"], entry["NAME"]) == ("me", "p@ss", "runs")
    assert entry["OPTIONS"] == {"target_session_attrs": "read-write"}


@pytest.mark.parametrize(
    "url",
    [
        "mysql://host/name",
        "runs",
        "/tmp/file",
        "postgresql://host:port/name",
        "postgresql://one:5432,two:port/name",
    ],
)
def test_another_url_is_refused_in_words(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="RUNICORN_DATABASE_URL"):
        database(url, FILE)
