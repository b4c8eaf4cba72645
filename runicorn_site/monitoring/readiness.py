"""Readiness of the server: its database and its storage root respond."""

from __future__ import annotations

import os

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from runicorn_site.database.monitor import FULL, monitor
from runs.active_root import active_root
from runs.errors import NoActiveRoot
from runs.models import StorageRoot

DATABASE = "The database does not respond."
NO_ROOT = "No storage root is open."
UNREADABLE_ROOT = "The storage root cannot be read."


def database_problem() -> str:
    """Query the database, and return its problem as a sentence, or "".

    Raises:
        django.db.Error: the query failed for a reason that recreating the database does not remove.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {StorageRoot._meta.db_table} WHERE id = %s", [active_root().pk])
            cursor.fetchone()
    except DatabaseError:
        if not monitor.problem:
            raise
    return monitor.problem


def readiness_problem() -> str:
    """Return why the server is not ready, as a sentence without names or paths, or ""."""
    try:
        close_old_connections()  # the thread of the probes lasts
        problem = database_problem()
        root = active_root()
    except NoActiveRoot:
        return NO_ROOT
    except (DatabaseError, InterfaceError):
        return DATABASE
    if problem and problem != FULL:  # with a full disk it still reads
        return problem
    try:
        with os.scandir(root.path) as entries:
            next(entries, None)
    except OSError:
        return UNREADABLE_ROOT
    return ""
