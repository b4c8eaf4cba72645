"""Databases migrated before the migrations were squashed are upgraded, and new ones have few migrations to apply.

`tests/fixtures/database-7e3e9fca.sqlite3.gz` and `…-7bc97a0c…` were migrated by these commits, and hold one run.
"""

from __future__ import annotations

import gzip
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from runicorn_site.database.file import choose, known_migrations, pending_migrations
from runicorn_site.folders import APP_NAMES
from tests.prepared import NAME, PROJECT, prepared

FIXTURES = Path(__file__).parents[2] / "fixtures"
ADDED = (
    *("metrics.0006_alerts_have_an_app", "alerts.0001_initial", "alerts.0002_durable"),
    *("remote.0004_saved_connections", "people.0003_tokens_links_and_changes"),
    *("site.0001_imported_files", "site.0002_preferences_and_watched_folders"),
    *("runs.0014_replicas_and_definitions_of_metrics", "runs.0015_summarized_journals"),
    *("runs.0016_last_texts_of_metrics", "runs.0017_smaller_indexes"),
)
"""Since 7bc97a0c; those of the durable database change nothing in this one."""
ELSEWHERE = re.compile(
    r"(?:(?:table|index) (?:sqlite_autoindex_)?)?(?:auth_|people_|django_(?!migrations)|metrics_alert)"
    r"|.* ON \"metrics_alert"
)


def lay_out(home: Path, commit: str) -> Path:
    """Put the database of an earlier commit where the viewer has its own."""
    database = home / NAME
    database.write_bytes(gzip.decompress((FIXTURES / f"database-{commit}.sqlite3.gz").read_bytes()))
    return database


def migrate(home: Path, *options: str) -> str:
    """Run `manage.py migrate` on the database of a user; return what it printed."""
    usual = {
        name: value for name, value in os.environ.items() if not name.startswith(("RUNICORN_", "DJANGO_"))
    }
    own = {"RUNICORN_DATA_DIR": str(home), "RUNICORN_CONFIG_DIR": str(home / "config")}
    arguments = [sys.executable, "manage.py", "migrate", "--no-color", *options]
    return subprocess.run(
        arguments, cwd=PROJECT, env=usual | own, check=True, capture_output=True, text=True
    ).stdout


def schema(path: Path) -> set[tuple[str, ...]]:
    """Return tables with their columns in any order, indexes, triggers, and the statistics of the planner."""
    with closing(sqlite3.connect(path)) as database:
        names = database.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
        statistics = database.execute(
            "SELECT tbl, idx, stat FROM sqlite_stat1 WHERE tbl LIKE 'runs_run%'"
        ).fetchall()
        columns = [
            (table, *map(str, column))
            for kind, table, _ in names
            if kind == "table"
            for column in database.execute(
                'SELECT name, type, "notnull", pk FROM pragma_table_info(?)', [table]
            )
        ]
    others = [(kind, name, sql if kind != "table" else "") for kind, name, sql in names]
    # Earlier versions had the tables of accounts and of alerts in this database, too.
    return {row for row in {*others, *columns, *statistics} if not ELSEWHERE.match(" ".join(row[:3]))}


@pytest.mark.parametrize("commit", ["7e3e9fca", "7bc97a0c"])
def test_a_database_of_an_earlier_commit_gets_the_tables_of_a_new_one(tmp_path: Path, commit: str) -> None:
    database = lay_out(tmp_path, commit)
    migrations = known_migrations(PROJECT, APP_NAMES)
    assert choose(tmp_path, migrations) == database, "it counts as that of a newer version"
    added = {tuple(name.split(".")) for name in ADDED if not name.startswith(("people", "site"))}
    assert (pending_migrations(database, migrations) == added) == (commit == "7bc97a0c")
    migrate(tmp_path)
    assert pending_migrations(database, migrations) == frozenset()
    assert schema(database) == schema(prepared())
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT run_id, state, best_score FROM runs_run").fetchall() == [
            ("20261101_120000_aaaaaa", "failed", -0.5)
        ]
        matches = connection.execute(
            "SELECT rowid FROM runs_search WHERE runs_search MATCH 'tri AND ram'"
        ).fetchall()
        assert matches == [(1,)]


def test_a_database_with_all_replaced_migrations_gets_those_that_are_newer_only(tmp_path: Path) -> None:
    lay_out(tmp_path, "7bc97a0c")
    planned = re.findall(r"^\w+\.\w+$", migrate(tmp_path, "--plan"), re.MULTILINE)
    assert sorted(planned) == sorted(ADDED)


def test_a_new_database_applies_few_migrations(tmp_path: Path) -> None:
    applied = re.findall(r"Applying (\w+)\.", migrate(tmp_path))
    own = [app for app in applied if app in {*APP_NAMES, "people", "cluster"}]
    assert len(own) <= 20, own
    with closing(sqlite3.connect(tmp_path / NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM runs_run").fetchone() == (0,)
