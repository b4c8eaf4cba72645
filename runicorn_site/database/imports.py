"""Import of what earlier versions kept elsewhere into the durable database."""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.recorder import MigrationRecorder

from people import legacy_import
from runicorn.settings.user import config_directory, data_directory, read_user_config
from runicorn_site.database.prepare import migrations_on_disk
from runicorn_site.web import preferences
from runicorn_site.web.durable import DURABLE, changing
from runicorn_site.web.legacy_files import OLDER_CONNECTIONS, import_once
from runicorn_site.web.models import ImportedFile, WatchedFolder

logger = logging.getLogger(__name__)
PUBLIC = "postgresql:public"
"""Mark of the import of the tables that were in PostgreSQL beside those of the index."""
BY_MIGRATION = ("django_content_type", "auth_permission")
"""Tables that migrations fill."""


def import_legacy() -> None:
    """Import what is not imported yet."""
    if connections[DURABLE].vendor == "postgresql":
        _import_tables()
    try:
        folder = config_directory()
    except OSError:
        folder = None
    if folder is not None:
        import_once(folder / "tokens.json", legacy_import.import_tokens)
        import_once(folder / "watched_folders.json", _import_watched_folders)
        import_once(folder / "ui_preferences.json", preferences.import_file, is_written=True)
        import_once(folder / "connections.json", _import_connections, is_written=True)
        if OLDER_CONNECTIONS in read_user_config():
            _import_older_connections()
        import_once(folder / "shares.json", legacy_import.import_shares)
        import_once(folder / "alerts.json", _import_rules)
    _import_events()
    with suppress(OSError):
        for path in legacy_import.changes_files(data_directory()):
            import_once(path, partial(legacy_import.import_changes, is_admin="-admin" in path.name))


def _import_older_connections() -> None:
    from remote.connections import repository
    from remote.errors import ConfigurationUnavailable

    try:
        repository.import_older_list()
    except ConfigurationUnavailable as error:
        logger.error("The connections in config.json cannot be imported: %s", error)


def _import_rules(content: bytes) -> None:
    from alerts import legacy_import  # costs a command that changes users as much time as all else

    legacy_import.import_rules(content)


def _import_connections(content: bytes) -> None:
    from remote.connections import repository  # with all that connections need

    repository.import_file(content)


def _import_events() -> None:
    """Import the events of alerts, once the index has the tables of this version."""
    index = connections[DEFAULT_DB_ALIAS]
    if index.vendor == "sqlite" and not Path(str(index.settings_dict["NAME"])).exists():
        return
    if migrations_on_disk() <= MigrationRecorder(index).applied_migrations().keys():
        from alerts import legacy_import as alerts

        alerts.import_events()


def _import_watched_folders(content: bytes) -> None:
    """Import the list of an earlier version: `{"folders": [{"id", "path", "root", "project", "added_at"}]}`."""
    rows = [WatchedFolder(**entry) for entry in json.loads(content)["folders"]]
    for row in rows:
        row.clean_fields()
        if not Path(row.path).is_absolute():
            raise ValueError(f"{row.path!r} is not an absolute path")
    WatchedFolder.objects.bulk_create(rows, ignore_conflicts=True)


def _import_tables() -> None:
    """Copy the users from the tables of the same names beside the index, which stay as they are."""
    connection = connections[DURABLE]
    former = set(connections[DEFAULT_DB_ALIAS].introspection.table_names())
    tables = [
        model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in IMPORTED
    ]
    with changing(), connection.cursor() as cursor:
        if ImportedFile.objects.filter(place=PUBLIC, digest="").exists():
            return
        if "auth_user" in former:
            for table in reversed(BY_MIGRATION):
                cursor.execute(f'DELETE FROM "{table}"')
            for model in tables:
                name = model._meta.db_table
                if name in former:
                    columns = ", ".join(f'"{field.column}"' for field in model._meta.local_concrete_fields)
                    cursor.execute(f'INSERT INTO "{name}" ({columns}) SELECT {columns} FROM public."{name}"')
            from django.core.management.color import no_style

            for statement in connection.ops.sequence_reset_sql(no_style(), tables):
                cursor.execute(statement)
        ImportedFile.objects.create(place=PUBLIC, digest="", at=time.time())


IMPORTED = frozenset({"auth", "contenttypes", "sessions", "admin", "axes", "people"})
