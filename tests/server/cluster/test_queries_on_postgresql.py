"""Lists of runs on PostgreSQL: tests that run on SQLite too, and the options of connections."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgresql import PostgreSQL
from tests.processes import PROJECT, environment

pytestmark = pytest.mark.needs("initdb", "pg_ctl")
WHICH = "search or read"
FILES = ("test_runs_are_sorted_and_found.py", "test_several_conditions_are_counted.py")
SHOW = """
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    for name in ("jit", "parallel_setup_cost"):
        cursor.execute(f"SHOW {name}")
        print(*cursor.fetchone())
"""


def test_connections_neither_compile_short_queries_nor_start_workers_for_them(
    database: PostgreSQL, home: Path
) -> None:
    more = {"RUNICORN_DATABASE_URL": database.url(), "DJANGO_SETTINGS_MODULE": "runicorn_site.settings"}
    command = [sys.executable, "-c", SHOW]
    output = subprocess.check_output(command, env=environment(home, **more), text=True, timeout=60)
    assert output.split() == ["off", "20000"]


@pytest.mark.timeout(900)
def test_words_and_conditions_are_found_on_postgresql(database: PostgreSQL, home: Path) -> None:
    files = [str(PROJECT / "tests" / "server" / "runs" / name) for name in FILES]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    ended = subprocess.run(
        [*command, "-m", "not torture", "-k", WHICH, *files],
        env=environment(home, RUNICORN_TEST_DATABASE_URL=database.create("queries")),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=840,
    )
    assert ended.returncode == 0, ended.stdout
