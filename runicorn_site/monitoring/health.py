"""Content of `/api/health`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.db import connection

from metrics.store.cache import cache
from runicorn._version import __version__
from runicorn_site.monitoring.readiness import database_problem
from runs.active_root import active_root

if TYPE_CHECKING:
    from runicorn.api.responses.system import Health

HEALTH = frozenset({"/api/health", "/api/health/"})
"""Paths of its route."""


def health() -> Health:
    """Return the state of the server.

    Raises:
        django.db.Error: the database does not answer.
    """
    problem = database_problem()
    answer: Health = {
        "status": "degraded" if problem else "ok",
        "version": __version__,
        "timestamp": time.time(),
        "storage": active_root().path,
        "database": {"vendor": connection.vendor, "version": database_version()},
        "cache": cache.stats(),
    }
    if problem:
        answer["problem"] = problem
    return answer


def database_version() -> str:
    """Return the version of the database engine."""
    version: Any = connection.get_database_version()
    return ".".join(str(part) for part in version)
