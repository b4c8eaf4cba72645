"""The `DATABASES` entry: SQLite beside the user's other data, or what `RUNICORN_DATABASE_URL` names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from runicorn_site.places import private_directory

FILE_NAME = "runicorn.sqlite3"

# The page size only counts before the first table, so it stands first. Only one connection checkpoints (see
# database.py): SQLite before 3.51.3 can lose pages when two do, and so no other one may do it by itself.
INIT_COMMAND = (
    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    " PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY"
)


def database_directory() -> Path:
    """Where the database and the secret key lie: the data directory, or `/var/tmp` when that is on a network."""
    return private_directory(
        Path(os.environ.get("RUNICORN_DATA_DIR") or Path.home() / ".local/share/runicorn")
    )


def database(directory: Path) -> dict[str, Any]:
    """The entry for `DATABASES["default"]`.

    Raises:
        ImproperlyConfigured: `RUNICORN_DATABASE_URL` is none that we understand.
    """
    url = os.environ.get("RUNICORN_DATABASE_URL", "")
    if not url:
        return sqlite(directory / FILE_NAME)
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite(Path(unquote(parts.path)))
    if parts.scheme in {"postgres", "postgresql"}:
        return postgresql(url)
    raise ImproperlyConfigured("RUNICORN_DATABASE_URL must begin with postgresql:// or sqlite:///")


def sqlite(path: Path) -> dict[str, Any]:
    """WAL, and transactions that take the write lock at once: read-then-write ones cannot fail halfway then."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": INIT_COMMAND},
    }


def postgresql(url: str) -> dict[str, Any]:
    """The same models on a server; connections stay open in the pool's threads, and are checked before use."""
    parts = urlsplit(url)
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
