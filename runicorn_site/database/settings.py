"""The `DATABASES` entry: SQLite in the state directory, or the database of `RUNICORN_DATABASE_URL`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from runicorn_site.database.url import is_postgresql

# The page size must be set before the first table. Only one connection checkpoints (`checkpoint.py`), because SQLite
# before 3.51.3 can lose pages if two do; so all others have no automatic checkpoints. A viewer has a dozen connections:
# a cache of 1 MB for each takes 4 MB less than the default of 2 MB with 10,000 runs, and lists are as quick; with half
# a megabyte those that are sorted by a metric take a twentieth longer.
INIT_COMMAND = (
    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    " PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1000"
)
BUSY_SECONDS = 20


class DatabaseSettings(TypedDict, total=False):
    """An entry of Django's `DATABASES`."""

    ENGINE: str
    NAME: str
    USER: str
    PASSWORD: str
    HOST: str
    PORT: str
    CONN_MAX_AGE: None
    CONN_HEALTH_CHECKS: bool
    OPTIONS: Mapping[str, str | int]
    TEST: dict[str, str]


def database(url: str, file: Path) -> DatabaseSettings:
    """Return `DATABASES["default"]`: SQLite in `file`, or the database of `url`.

    Raises:
        ImproperlyConfigured: `url` is invalid.
    """
    if not url:
        return sqlite(file)
    try:
        parts = urlsplit(url)
        if parts.scheme == "sqlite":
            return sqlite(Path("/" + unquote(parts.path).lstrip("/")))
        if is_postgresql(url):
            return postgresql(parts)
    except ValueError as error:
        raise ImproperlyConfigured(f"RUNICORN_DATABASE_URL: {error}") from error
    raise ImproperlyConfigured("RUNICORN_DATABASE_URL must begin with postgresql:// or sqlite:///")


def sqlite(path: Path) -> DatabaseSettings:
    """Use WAL, and transactions that acquire the write lock at their beginning, so that none fails halfway."""
    return {
        "ENGINE": "runicorn_site.database.sqlite",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": BUSY_SECONDS,
            "init_command": INIT_COMMAND,
        },
        # A file, which all threads of a test share; one per process for parallel runs.
        "TEST": {"NAME": f"{tempfile.gettempdir()}/runicorn-test-{os.getpid()}.sqlite3"},
    }


def durable(index: DatabaseSettings, file: Path) -> DatabaseSettings:
    """Return `DATABASES["durable"]`: SQLite without a WAL, which works in network folders too, or the same PostgreSQL.

    Args:
        index: the entry of the index.
    """
    test_name = f"runicorn-test-{os.getpid()}-durable"
    if not index["ENGINE"].endswith("sqlite"):
        return {**index, "TEST": {"NAME": test_name}}
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": BUSY_SECONDS},
        "TEST": {"NAME": f"{tempfile.gettempdir()}/{test_name}.sqlite3"},
    }


def postgresql(parts: SplitResult) -> DatabaseSettings:
    """Use PostgreSQL, possibly on several hosts; connections stay open in the threads and are checked before use."""
    hosts = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
    ports = [str(host.port or "") for host in hosts]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": ",".join(unquote(host.hostname or "") for host in hosts),
        "PORT": ",".join(ports) if any(ports) else "",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
