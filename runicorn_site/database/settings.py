"""The `DATABASES` entry: SQLite beside the user's other data, or what `RUNICORN_DATABASE_URL` names."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# The page size only counts before the first table, so it stands first. Only one connection checkpoints (see
# checkpoint.py): SQLite before 3.51.3 can lose pages when two do, and so no other one may do it by itself.
INIT_COMMAND = (
    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    " PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY"
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
    """The entry for `DATABASES["default"]`: SQLite in `file` unless `url` says otherwise.

    Raises:
        ImproperlyConfigured: `url` is none that we understand.
    """
    if not url:
        return sqlite(file)
    try:
        parts = urlsplit(url)
        if parts.scheme == "sqlite":
            return sqlite(Path("/" + unquote(parts.path).lstrip("/")))
        if parts.scheme in {"postgres", "postgresql"}:
            return postgresql(parts)
    except ValueError as error:
        raise ImproperlyConfigured(f"RUNICORN_DATABASE_URL: {error}") from error
    raise ImproperlyConfigured("RUNICORN_DATABASE_URL must begin with postgresql:// or sqlite:///")


def sqlite(path: Path) -> DatabaseSettings:
    """WAL, and transactions that take the write lock at once: read-then-write ones cannot fail halfway."""
    return {
        "ENGINE": "runicorn_site.database.sqlite",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": BUSY_SECONDS,
            "init_command": INIT_COMMAND,
        },
        # A file, because threads of a test see one database only so; one a process: suites run side by side.
        "TEST": {"NAME": f"{tempfile.gettempdir()}/runicorn-test-{os.getpid()}.sqlite3"},
    }


def postgresql(parts: SplitResult) -> DatabaseSettings:
    """The same models on a server; connections stay open in the pool's threads and are checked before use."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
