"""Database of users: a separate file, because the database of runs may be deleted at any time.

With `RUNICORN_DATABASE_URL=postgresql://…` they are in that database, which several servers share.
"""

from __future__ import annotations

import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from people.options import has_users
from runicorn._platform import file_lock
from runicorn.settings.user import data_directory
from runicorn_site.database.settings import BUSY_SECONDS, DatabaseSettings

ALIAS = "accounts"
FILE = "accounts.sqlite3"
CURE = "restore a backup with `runicorn restore --overwrite FILE`, or a copy of the file."
APPS = frozenset({"auth", "contenttypes", "sessions", "admin", "axes", "people"})


def accounts_file() -> Path:
    """Return the file of the users; it is the only copy, unlike the database of runs."""
    return data_directory() / FILE


def accounts_database() -> DatabaseSettings:
    """Return the entry of `DATABASES`: SQLite without a WAL, which works in network folders too."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(accounts_file()),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": BUSY_SECONDS},
    }


class AccountsUnusable(DatabaseError):
    """The file of the users is damaged or lost; the text says what to do."""


def check_accounts() -> None:
    """Check the file of the users, if there are any; unlike the database of runs it cannot be rebuilt.

    Raises:
        AccountsUnusable: it is damaged, or missing or empty although it had users.
        sqlite3.OperationalError: it cannot be opened.
    """
    from runicorn_site.database.prepare import is_sound

    if ALIAS not in settings.DATABASES:
        return
    file = accounts_file()
    has_content = file.exists() and file.stat().st_size > 0
    if has_content and not is_sound(file):
        raise AccountsUnusable(f"{file} is damaged: {CURE.format(file=file)}")
    if not has_content and marker().exists():
        state = "empty" if file.exists() else "missing"
        raise AccountsUnusable(
            f"{file} is {state}, and it had the users of this viewer: {CURE.format(file=file)} To begin without"
            f" users, delete {marker()}."
        )


def set_aside() -> None:
    """Move a file of users that cannot be used aside, before a backup is restored."""
    try:
        check_accounts()
    except AccountsUnusable:
        file = accounts_file()
        suffix = f".damaged-{time.strftime('%Y%m%d-%H%M%S')}"
        # With its journal, which SQLite would roll back into a new file of this name.
        for part in (file, file.with_name(f"{FILE}-journal")):
            if part.exists():
                part.rename(part.with_name(part.name + suffix))
        marker().unlink(missing_ok=True)


def marker() -> Path:
    """Return the marker file, which exists once the file of the users was complete."""
    return accounts_file().with_suffix(".created")


class AccountsRouter:
    """Database router that keeps users in `accounts`."""

    def db_for_read(self, model: type, **hints: object) -> str | None:
        return ALIAS if model._meta.app_label in APPS else None  # type: ignore[attr-defined]

    db_for_write = db_for_read

    def allow_relation(self, first: object, other: object, **hints: object) -> bool | None:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        # The database of runs keeps its empty tables of these apps: a viewer without users expects them.
        return app_label in APPS if db == ALIAS else app_label != "axes"


def prepare_accounts() -> None:
    """Create or migrate the database of the users, where there are any; one process at a time.

    Raises:
        django.db.Error: it is damaged or lost, or cannot be read or changed.
    """
    if not has_users():
        return
    from django.contrib.sessions.models import Session  # `settings.py` imports this module

    from runicorn_site.database.prepare import make_private, prepare

    if ALIAS not in settings.DATABASES:
        prepare()
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
        return

    file = accounts_file()
    with file_lock(file.with_suffix(".lock")):
        check_accounts()
        make_private(file)
        executor = MigrationExecutor(connections[ALIAS])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", database=ALIAS, interactive=False, verbosity=0)
        marker().touch(mode=0o600)
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
