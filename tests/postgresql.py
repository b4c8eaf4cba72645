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

from tests.programs import find

QUICK = "-c fsync=off -c shared_buffers=16MB"


class PostgreSQL:
    """A server with the databases of a folder.

    Args:
        folder: where its data and its socket are.
        options: further options of its process.
        primary: a running server that it follows as its standby.
    """

    def __init__(self, folder: Path, options: str, primary: PostgreSQL | None = None) -> None:
        self.folder, self.options = folder, f"-c listen_addresses='' {options} -k {folder}"
        self.unprivileged: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.unprivileged = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(folder, "nobody", "nogroup")
        if primary is None:
            self._run(
                "initdb", "-U", "runicorn", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"
            )
        else:
            source = f"host={primary.folder} user=runicorn application_name=standby"
            self._run("pg_basebackup", "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        command = [find(program) or program, "-D", str(self.folder / "data"), *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "timeout": 60, "cwd": self.folder}
        subprocess.run(command, check=True, **quiet, **self.unprivileged)

    def start(self) -> None:
        """Start, and return once it answers."""
        self._run("pg_ctl", "start", "-w", "-l", str(self.folder / "log"), "-o", self.options)

    def stop(self) -> None:
        """Stop as a crash does, if it runs: connections break, and the next start recovers."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-m", "immediate")

    def promote(self) -> None:
        """Turn the standby into a primary, and return once it accepts changes."""
        self._run("pg_ctl", "promote", "-w")

    def url(self, name: str = "postgres") -> str:
        """The address of a database, for `RUNICORN_DATABASE_URL`."""
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
def postgresql(options: str = QUICK, primary: PostgreSQL | None = None) -> Iterator[PostgreSQL]:
    """Run a server with its data in a temporary folder, as the standby of `primary` if that is given."""
    # Not below the folder of a test: the server does not run as root and cannot enter it.
    folder = Path(tempfile.mkdtemp(prefix="runicorn-postgresql-"))
    folder.chmod(0o755)
    try:
        server = PostgreSQL(folder, options, primary)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
