"""The durable database: what belongs to people and follows from no storage root, beside the index.

Users, tokens, shared links, alerts, watched folders, saved connections, preferences, and the record of changes:
`server.sqlite3` in the data directory, or the schema `runicorn_server` of the database of `RUNICORN_DATABASE_URL`.
Unlike the index it is the only copy: damaged, emptied or lost it is reported, never replaced.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from django.utils.translation import gettext_noop

from people.options import has_users
from runicorn._platform import file_lock
from runicorn_site.database.durable_file import CURE, FILE, FORMER, marker
from runicorn_site.database.prepare import is_sound, lock_of_servers, make_private, migrate
from runicorn_site.web.durable import DURABLE

SCHEMA: Final = "runicorn_server"
DAMAGED = gettext_noop("The durable database is damaged. Stop the viewer and restore a backup.")
logger = logging.getLogger(__name__)


class DurableUnusable(DatabaseError):
    """The durable database is damaged or lost; the text says what to do."""


def durable_file() -> Path | None:
    """Return the file, None with PostgreSQL."""
    connection = connections[DURABLE]
    return Path(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else None


def check_durable() -> None:
    """Check the file.

    Raises:
        DurableUnusable: it is damaged, or missing or empty although it had content.
        sqlite3.OperationalError: it cannot be opened.
    """
    if (file := durable_file()) is not None and not _is_filled(file):
        _is_filled(file.with_name(FORMER))


def _is_filled(file: Path) -> bool:
    """Return whether a database has content; False if there never was one."""
    has_content = file.exists() and file.stat().st_size > 0
    if has_content and not is_sound(file):
        raise DurableUnusable(f"{file} is damaged: {CURE}")
    if not has_content and marker(file).exists():
        state = "empty" if file.exists() else "missing"
        raise DurableUnusable(
            f"{file} is {state}, and it had the users, tokens, links and alerts of this viewer: {CURE} To begin"
            f" without them, delete {marker(file)}."
        )
    return has_content


def set_aside() -> None:
    """Move a file that cannot be used aside, before a backup is restored."""
    try:
        check_durable()
    except DurableUnusable:
        file = durable_file()
        assert file is not None
        suffix = f".damaged-{time.strftime('%Y%m%d-%H%M%S')}"
        for base in (file, file.with_name(FORMER)):
            # With its journal, which SQLite would roll back into a new file of this name.
            for part in (base, base.with_name(f"{base.name}-journal")):
                if part.exists():
                    part.rename(part.with_name(part.name + suffix))
            marker(base).unlink(missing_ok=True)


def prepare_durable(*, is_new: bool = False) -> None:
    """Create or migrate the database, and import the files of earlier versions; one process at a time.

    Args:
        is_new: it is to be filled by a copy of another one, and imports nothing.

    Raises:
        django.db.Error: it is damaged or lost, or cannot be read or changed.
    """
    from runicorn_site.database.imports import import_legacy

    with _alone(is_new):
        migrate(DURABLE)
        if not is_new:
            import_legacy()
        if has_users():
            _end_sessions()


@contextmanager
def _alone(is_new: bool) -> Iterator[None]:
    """Lock the database against other processes, and check it."""
    file = durable_file()
    if file is None:
        with lock_of_servers():
            yield
        return
    with file_lock(file.with_suffix(".lock")):
        if not _is_filled(file) and not is_new:
            _adopt(file)
        make_private(file)
        yield
        marker(file).touch(mode=0o600)


def _adopt(file: Path) -> None:
    """Begin with a copy of the file that had the users alone, which stays as it is."""
    former, draft = file.with_name(FORMER), file.with_name(f"{FILE}.draft")
    if not _is_filled(former):
        return
    draft.unlink(missing_ok=True)
    make_private(draft)
    with closing(sqlite3.connect(former, timeout=20)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)
    draft.replace(file)
    logger.warning("The users are in %s now; %s stays as it is", file, former)


def _end_sessions() -> None:
    from django.contrib.sessions.models import Session  # `settings.py` imports this module

    with suppress(DatabaseError):  # a full disk: they have ended anyway
        Session.objects.filter(expire_date__lt=timezone.now()).delete()


def use_schema(sender: object, connection: BaseDatabaseWrapper, **more: object) -> None:
    """Let a new connection to PostgreSQL see the tables of the durable database only."""
    if connection.vendor == "postgresql" and connection.alias.endswith(DURABLE):
        with connection.cursor() as cursor:
            cursor.execute(f"SET search_path TO {SCHEMA}")


def create_schema(sender: object, using: str, **more: Any) -> None:
    """Create the schema before the first migration."""
    if connections[using].vendor == "postgresql" and using == DURABLE:
        with connections[using].cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
