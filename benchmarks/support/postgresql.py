"""A PostgreSQL server, reachable by a socket file only."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.support.processes import find

QUICK = "-c fsync=off -c shared_buffers=16MB"


class PostgreSQL:
    """A server with the databases of a folder."""

    def __init__(self, folder: Path, options: str) -> None:
        self.folder, self.options = folder, f"-c listen_addresses='' {options} -k {folder}"
        self.unprivileged: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.unprivileged = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(folder, "nobody", "nogroup")
        self._run("initdb", "-U", "runicorn", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions")

    def _run(self, program: str, *arguments: str) -> None:
        command = [find(program) or program, "-D", str(self.folder / "data"), *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "timeout": 60, "cwd": self.folder}
        subprocess.run(command, check=True, **quiet, **self.unprivileged)

    def start(self) -> None:
        """Start, and return once it answers."""
        self._run("pg_ctl", "start", "-w", "-l", str(self.folder / "log"), "-o", self.options)

    def stop(self) -> None:
        """Stop without waiting for connections to end."""
        self._run("pg_ctl", "stop", "-m", "immediate")

    def url(self, name: str = "postgres") -> str:
        """Return the address of a database, for `RUNICORN_DATABASE_URL`."""
        return f"postgresql://runicorn@/{name}?host={quote(str(self.folder))}"

    def create(self, name: str) -> str:
        """Create an empty database and return its address."""
        self.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def execute(self, statement: str, name: str = "postgres") -> list[tuple[Any, ...]]:
        """Execute a statement outside of a transaction and return its rows."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), user="runicorn", dbname=name, autocommit=True
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgresql(options: str = QUICK) -> Iterator[PostgreSQL]:
    """Run a server with its data in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="runicorn-postgresql-"))
    folder.chmod(0o755)  # the server does not run as root
    try:
        server = PostgreSQL(folder, options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
