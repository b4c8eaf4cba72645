"""Users that an earlier version had in PostgreSQL beside the index are in the durable schema after the first command.

`tests/fixtures/database-7bc97a0c.postgresql.sql.gz` is a dump of a database that this commit migrated, with two invited users.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.postgresql import PostgreSQL
from tests.processes import environment, run_module

FIXTURE = Path(__file__).parents[2] / "fixtures" / "database-7bc97a0c.postgresql.sql.gz"
pytestmark = pytest.mark.needs("initdb", "pg_ctl")


def test_users_and_invitations_of_7bc97a0c_are_imported_once_from_the_public_tables(
    home: Path, database: PostgreSQL
) -> None:
    home.mkdir(parents=True, exist_ok=True)
    url = database.create("earlier_users")
    dump = gzip.decompress(FIXTURE.read_bytes()).decode()
    # Lines with a backslash are commands of psql.
    database.execute(
        "\n".join(line for line in dump.splitlines() if not line.startswith("\\")), "earlier_users"
    )

    def command(*words: str) -> str:
        own = environment(home, RUNICORN_DATABASE_URL=url)
        process = run_module(["runicorn", *words], own, home)
        assert process.returncode == 0, process.stderr
        return process.stdout

    def users() -> list[tuple[str, str]]:
        return [
            (user["name"], user["role"]) for user in json.loads(command("user", "list", "--json"))["users"]
        ]

    def rows(schema: str, table: str, columns: str) -> list[tuple[Any, ...]]:
        return database.execute(f"SELECT {columns} FROM {schema}.{table} ORDER BY 1", "earlier_users")

    invitations = rows("public", "people_invitation", "*")
    assert len(invitations) == 2
    assert users() == [("ada", "admin"), ("bo", "read")]
    ((durable,),) = database.execute(
        "SELECT table_schema FROM information_schema.tables"
        " WHERE table_name = 'auth_user' AND table_schema <> 'public'",
        "earlier_users",
    )
    assert rows(durable, "people_invitation", "*") == invitations
    password = "username, password, is_superuser"
    assert rows(durable, "auth_user", password) == rows("public", "auth_user", password)
    # A new user gets the next number, and a changed role stays changed.
    command("user", "add", "cy", "--role", "read")
    command("user", "role", "bo", "--role", "curate")
    assert users() == [("ada", "admin"), ("bo", "curate"), ("cy", "read")]
    assert rows("public", "auth_user", "username") == [("ada",), ("bo",)]
