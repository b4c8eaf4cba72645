"""Tables of a new SQLite database, created as the models are now.

Migrations build a state of all models for each step, two seconds for the two databases of an empty data folder. A new
file needs only the result: the tables, and what migrations do beside them, which is run for empty tables.
"""

from __future__ import annotations

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder

from runicorn_site.web.hidden_modules import forget


def create_tables(connection: BaseDatabaseWrapper) -> bool:
    """Create the tables of an empty database, and record its migrations; return False for any other one."""
    if connection.vendor != "sqlite" or connection.introspection.table_names():
        return False
    migrations = MigrationLoader(None).disk_migrations.values()
    with connection.schema_editor() as editor:
        recorder = MigrationRecorder(connection)
        editor.create_model(recorder.Migration)
        for model in apps.get_models():
            if model._meta.managed and router.allow_migrate_model(connection.alias, model):
                editor.create_model(model)
        for statement in editor.deferred_sql:  # indexes
            editor.execute(statement)
        editor.deferred_sql.clear()
        for migration in migrations:
            for operation in migration.operations:
                _run(operation, migration.app_label, editor)
        _forget_missing_indexes(connection)
        names = {name for migration in migrations for name in (_key(migration), *migration.replaces)}
        rows = [recorder.Migration(app=app, name=name) for app, name in sorted(names)]
        recorder.migration_qs.bulk_create(rows)
    with transaction.atomic(using=connection.alias):  # a sync of the disk for each of some 30 otherwise
        emit_post_migrate_signal(0, False, connection.alias)
    for migration in migrations:
        forget(type(migration).__module__)  # 2 MB for what is imported next
    return True


def _forget_missing_indexes(connection: BaseDatabaseWrapper) -> None:
    """Delete statistics of indexes that a later migration removes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
        if cursor.fetchone() is not None:
            existing = "SELECT name FROM sqlite_master WHERE type = 'index'"
            cursor.execute(f"DELETE FROM sqlite_stat1 WHERE idx NOT IN ({existing})")


def _key(migration: Migration) -> tuple[str, str]:
    return migration.app_label, migration.name


def _run(operation: Operation, app: str, editor: BaseDatabaseSchemaEditor) -> None:
    """Do what an operation does beside tables, indexes and constraints of models."""
    if isinstance(operation, SeparateDatabaseAndState):
        for inner in operation.database_operations:
            _run(inner, app, editor)
    elif isinstance(operation, RunPython | RunSQL) and router.allow_migrate(editor.connection.alias, app):
        if isinstance(operation, RunPython):
            operation.code(apps, editor)  # type: ignore[arg-type]  # historical models are those of now
        else:
            operation.database_forwards(app, editor, None, None)  # type: ignore[arg-type]  # it uses no state
