"""The moment of a request: the version of the database after a look at the folders, shared with other requests."""

from __future__ import annotations

from django.db import DatabaseError, connection

from runicorn_site.database.version import database_version
from runicorn_site.web.moments import Moment
from runs.active_root import active_root
from runs.errors import NoActiveRoot
from runs.services.dead_runs import refresh_before_listing


def take_moment(looks: bool) -> Moment | None:
    """Look at the folders, if `looks`, and return the moment after it; None if rows cannot be compared now."""
    if connection.in_atomic_block:
        return None
    try:
        root = active_root()
        if looks:
            refresh_before_listing(root)
        version = database_version()
    except (NoActiveRoot, DatabaseError):
        return None  # the view answers what is wrong
    return None if version is None else Moment(root.pk, version, looks)
