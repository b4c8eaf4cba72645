"""A database as the viewer makes it at its first start: made once for all tests by the migrations, and copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from runicorn._platform import file_lock

PROJECT = Path(__file__).resolve().parent.parent
NAME = "runicorn.sqlite3"
FOLDER = "RUNICORN_TEST_PREPARED"
"""The variable that names the folder; only a session of tests has one (`tests/isolated.py`)."""


def prepared() -> Path:
    """The database without a row; made when the first test of a session asks for it."""
    folder = Path(os.environ[FOLDER])
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / NAME
    with file_lock(folder / "lock"):
        if not whole.exists():
            draft = folder / "draft"
            usual = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("RUNICORN_", "DJANGO_"))
            }
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
                cwd=PROJECT,
                env=usual | {"RUNICORN_DATA_DIR": str(draft), "RUNICORN_CONFIG_DIR": str(folder / "config")},
                check=True,
            )
            assert [file.name for file in draft.glob(f"{NAME}*")] == [NAME], "its journal was left beside it"
            (draft / NAME).rename(whole)
    return whole


def lay_out(data: Path) -> None:
    """Put such a database into a data directory, unless there is one; a benchmark's viewer makes its own."""
    if (data / NAME).exists() or FOLDER not in os.environ:
        return
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(prepared(), data / NAME)
    (data / NAME).chmod(0o600)
