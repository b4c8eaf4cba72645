"""An index of trigrams over `Run.search`, in the way of each database.

SQLite: an FTS5 table without a copy of the text and without positions, half the bytes of one with them. Triggers update it when rows are changed or deleted; new rows are added by
`runs.index.search_index`, many in one statement, because FTS5 flushes its pending rows for each statement with a
trigger: 100 µs a row. A migration that makes SQLite rebuild the table `runs_run` drops the triggers and has to call `create`
again.
PostgreSQL: pg_trgm, if the role may create the extension; without it a search reads every row.
"""

from __future__ import annotations

from django.db import DatabaseError, transaction

SQLITE = (
    "CREATE VIRTUAL TABLE runs_search USING fts5("
    "search, content='runs_run', content_rowid='id', columnsize=0, detail=none, tokenize='trigram')",
    "INSERT INTO runs_search(runs_search) VALUES('rebuild')",
    "CREATE TRIGGER runs_search_delete AFTER DELETE ON runs_run BEGIN"
    " INSERT INTO runs_search(runs_search, rowid, search) VALUES ('delete', old.id, old.search); END",
    "CREATE TRIGGER runs_search_update AFTER UPDATE OF search ON runs_run WHEN old.search <> new.search BEGIN"
    " INSERT INTO runs_search(runs_search, rowid, search) VALUES ('delete', old.id, old.search);"
    " INSERT INTO runs_search(rowid, search) VALUES (new.id, new.search); END",
)
SQLITE_AWAY = (
    "DROP TRIGGER IF EXISTS runs_search_delete",
    "DROP TRIGGER IF EXISTS runs_search_update",
    "DROP TABLE IF EXISTS runs_search",
)
POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX runs_search ON runs_run USING gin (search gin_trgm_ops)",
)
POSTGRESQL_AWAY = ("DROP INDEX IF EXISTS runs_search",)


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        run_each(schema_editor, SQLITE_AWAY + SQLITE)
    elif schema_editor.connection.vendor == "postgresql":
        try:
            with transaction.atomic(using=schema_editor.connection.alias):
                run_each(schema_editor, POSTGRESQL)
        except DatabaseError as error:
            print(f"Searches will be slow: {str(error).splitlines()[0]}")


def remove(apps, schema_editor):
    away = {"sqlite": SQLITE_AWAY, "postgresql": POSTGRESQL_AWAY}.get(schema_editor.connection.vendor, ())
    run_each(schema_editor, away)


def run_each(schema_editor, statements):
    for statement in statements:
        schema_editor.execute(statement)
