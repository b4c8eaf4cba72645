from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections, router
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from runicorn_site.database import fresh
from runicorn_site.database.durable import DURABLE
from runicorn_site.database.prepare import migrations_on_disk
from tests.processes import Viewer

ALIASES = ("default", DURABLE)


def contents(path: Path) -> dict[str, Any]:
    """Return columns, indexes and other objects of a database, and the rows of tables that migrations fill."""
    with closing(sqlite3.connect(path)) as database:
        objects = {
            (kind, name): (table, _definition(database, name, sql or "") if kind == "table" else sql)
            for kind, name, table, sql in database.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_master"
            )
        }
        rows = {
            table: sorted(database.execute(f"SELECT {columns} FROM {table}"))
            for table, columns in (
                ("django_migrations", "app, name"),
                ("django_content_type", "app_label, model"),
                ("auth_permission", "codename, name"),
                ("sqlite_stat1", "tbl, idx, stat"),
            )
            if ("table", table) in objects
        }
    return {"objects": objects, "rows": rows}


def _definition(database: sqlite3.Connection, table: str, sql: str) -> dict[str, Any]:
    """Return columns, keys and constraints of a table in any order: an added column is its last one."""
    columns = database.execute(
        'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(?)', [table]
    )
    keys = database.execute(
        'SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list(?)', [table]
    )
    names = database.execute('SELECT name FROM pragma_index_list(?) WHERE "unique"', [table])
    unique = [
        sorted(database.execute("SELECT name FROM pragma_index_info(?)", [name]))
        for (name,) in names.fetchall()
    ]
    return {
        "columns": sorted(columns, key=str),
        "keys": sorted(keys),
        "unique": sorted(unique),
        "checks": sorted(re.findall(r"CHECK ?\((?:[^()]|\([^()]*\))*\)|VIRTUAL.*|AUTOINCREMENT", sql)),
    }


@pytest.fixture(params=ALIASES)
def connection(request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: Any) -> Iterator[Any]:
    """A connection, in place of the one of that alias, to a file that does not exist yet."""
    if connections[request.param].vendor != "sqlite":
        pytest.skip("PostgreSQL is migrated")
    alias = request.param
    own = connections[alias].copy(alias)
    own.settings_dict = own.settings_dict | {"NAME": str(tmp_path / f"{alias}.sqlite3")}
    former = connections[alias]
    connections[alias] = own
    with django_db_blocker.unblock():
        yield own
        own.close()
    connections[alias] = former


def test_the_files_of_migrations_are_those_that_django_loads() -> None:
    assert migrations_on_disk() == set(MigrationLoader(None).disk_migrations)


def test_its_tables_indexes_statistics_and_records_are_the_same(connection: Any, tmp_path: Path) -> None:
    assert fresh.create_tables(connection)
    assert migrations_on_disk() <= MigrationRecorder(connection).applied_migrations().keys()
    call_command("migrate", database=connection.alias, interactive=False, verbosity=0)
    connection.close()
    created = contents(Path(connection.settings_dict["NAME"]))
    connection.settings_dict["NAME"] = str(tmp_path / "migrated.sqlite3")
    call_command("migrate", database=connection.alias, interactive=False, verbosity=0)
    connection.close()
    migrated = contents(tmp_path / "migrated.sqlite3")
    assert created["rows"] == migrated["rows"]
    # Tables of models that have moved to the other database stay behind in a migrated one.
    models = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if router.allow_migrate_model(connection.alias, model)
    }
    tables = {table for table, _ in created["objects"].values()}
    left_behind = {table for table, _ in migrated["objects"].values()} - tables
    assert not left_behind & models
    assert created["objects"] == {
        key: definition for key, definition in migrated["objects"].items() if definition[0] not in left_behind
    }


def test_one_with_tables_is_left_to_its_migrations(connection: Any) -> None:
    call_command("migrate", "contenttypes", database=connection.alias, interactive=False, verbosity=0)
    before = contents(Path(connection.settings_dict["NAME"]))
    assert not fresh.create_tables(connection)
    assert contents(Path(connection.settings_dict["NAME"])) == before


def test_a_viewer_starts_with_an_empty_data_folder(tmp_path: Path) -> None:
    root = tmp_path / "store"
    root.mkdir()
    viewer = Viewer(root, tmp_path / "home").wait_until_it_answers()
    try:
        assert viewer.get("/api/v2/experiments").json()["total"] == 0
    finally:
        viewer.stop()
