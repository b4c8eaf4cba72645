"""Databases as the viewer makes them at its first start: made once for all tests, and copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from runicorn._platform import file_lock

PROJECT = Path(__file__).resolve().parent.parent
NAME, DURABLE = "runicorn.sqlite3", "server.sqlite3"
CREATED = {NAME: ("default", {}), DURABLE: ("durable", {"RUNICORN_USERS": "yes"})}
"""Their names in Django, and variables with which each is made."""
CREATE = """
import sys
import django
django.setup()
from django.db import connections
from runicorn_site.database.fresh import create_tables
connection = connections[sys.argv[1]]
assert create_tables(connection)
connection.close()
"""
FOLDER = "RUNICORN_TEST_PREPARED"
"""The variable that names the folder; only a session of tests has one (`tests/isolated.py`)."""


def prepared(name: str = NAME) -> Path:
    """The database without a row; made when the first test of a session asks for it."""
    folder = Path(os.environ[FOLDER])
    folder.mkdir(parents=True, exist_ok=True)
    prepared = folder / name
    with file_lock(folder / "lock"):
        if not prepared.exists():
            draft = folder / f"draft-{name}"
            usual = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("RUNICORN_", "DJANGO_"))
            }
            own = {
                "DJANGO_SETTINGS_MODULE": "runicorn_site.settings",
                "RUNICORN_DATA_DIR": str(draft),
                "RUNICORN_CONFIG_DIR": str(folder / "config"),
            }
            alias, more = CREATED[name]
            draft.mkdir(mode=0o700)
            subprocess.run(
                [sys.executable, "-c", CREATE, alias],
                cwd=PROJECT,
                env=usual | own | more,
                check=True,
            )
            assert [file.name for file in draft.glob(f"{name}*")] == [name], "its journal was left beside it"
            (draft / name).rename(prepared)
    return prepared


def lay_out(data: Path, names: tuple[str, ...] = (NAME, DURABLE)) -> None:
    """Put such databases into a data directory, unless there is one."""
    if FOLDER not in os.environ:
        return
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in names:
        if not (data / name).exists():
            shutil.copyfile(prepared(name), data / name)
            (data / name).chmod(0o600)
