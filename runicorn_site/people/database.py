"""Database of users: a separate file, because the database of runs may be deleted at any time.

With `RUNICORN_DATABASE_URL=postgresql://…` they are in that database, which several servers share.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from runicorn._platform import file_lock
from runicorn.settings.user import data_directory
from runicorn_site.database.settings import BUSY_SECONDS, DatabaseSettings
from runicorn_site.people.options import has_users

ALIAS = "accounts"
FILE = "accounts.sqlite3"
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


class AccountsRouter:
    """Database router that keeps users in `accounts`."""

    def db_for_read(self, model: type, **hints: object) -> str | None:
        return ALIAS if model._meta.app_label in APPS else None  # type: ignore[attr-defined]

    db_for_write = db_for_read

    def allow_relation(self, one: object, other: object, **hints: object) -> bool | None:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        # The database of runs keeps its empty tables of these apps: a viewer without users expects them.
        return app_label in APPS if db == ALIAS else app_label != "axes"


def prepare_accounts() -> None:
    """Create or migrate the database of the users, where there are any; one process at a time.

    Raises:
        django.db.Error: it cannot be read or changed.
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
        make_private(file)
        executor = MigrationExecutor(connections[ALIAS])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", database=ALIAS, interactive=False, verbosity=0)
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
