"""Choice of the SQLite file: never one that a newer Runicorn has migrated."""

from __future__ import annotations

import ast
import hashlib
import re
import sqlite3
from contextlib import closing
from pathlib import Path

FILE_NAME = "runicorn.sqlite3"
SQUASHED = "_squashed_"
"""Part of the name of a migration that replaces others."""
REPLACES = re.compile(r"^    replaces = (\[.*?\])", re.DOTALL | re.MULTILINE)

Migrations = frozenset[tuple[str, str]]
"""Pairs of application and migration name."""


def known_migrations(base: Path, apps: tuple[str, ...]) -> Migrations:
    """Return the migrations of this program, and those that they replace; read from their files without Django."""
    files = [(app, file) for app in apps for file in (base / app / "migrations").glob("[0-9]*.py")]
    names = {(app, file.stem) for app, file in files}
    for _, file in files:
        if SQUASHED in file.stem and (match := REPLACES.search(file.read_text(encoding="utf-8"))):
            names.update(ast.literal_eval(match[1]))
    return frozenset(names)


def pending_migrations(path: Path, migrations: Migrations) -> Migrations:
    """Return the known migrations that a database lacks; a squashed one counts as those that it replaces."""
    return frozenset(pair for pair in migrations - applied_migrations(path) if SQUASHED not in pair[1])


def applied_migrations(path: Path) -> Migrations:
    """Return the migrations applied to a database; empty if it is missing or unreadable."""
    if not path.exists():
        return frozenset()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            rows = database.execute("SELECT app, name FROM django_migrations").fetchall()
    except sqlite3.DatabaseError:
        return frozenset()  # damaged or empty: replaced when the server prepares it
    return frozenset((app, name) for app, name in rows)


def choose(directory: Path, migrations: Migrations) -> Path:
    """Return the default file, or a separate one if a newer program has migrated the default one."""
    usual = directory / FILE_NAME
    apps = {app for app, _ in migrations}
    newer = {pair for pair in applied_migrations(usual) - migrations if pair[0] in apps}
    if not newer:
        return usual
    ours = hashlib.sha256(repr(sorted(migrations)).encode()).hexdigest()[:8]
    return directory / f"runicorn-{ours}.sqlite3"
