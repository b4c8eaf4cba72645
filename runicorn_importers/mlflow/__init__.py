"""Import of MLflow: a folder `mlruns`, or a SQLite database (`mlflow.db`), with the artifacts beside it.

An experiment of MLflow becomes a project, its runs become runs. Formats: mlflow/store/tracking/file_store.py and
mlflow/store/tracking/dbmodels/models.py of https://github.com/mlflow/mlflow, as versions 1 to 3 write them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from runicorn_importers.experiment import Experiment, NotReadable, Unreadable
from runicorn_importers.mlflow.database import is_ours, of_database
from runicorn_importers.mlflow.files import META, folders, of_files

DATABASES = frozenset({".db", ".sqlite", ".sqlite3"})
"""Suffixes of databases that are looked for in a folder; of another name, the file itself has to be given."""


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs of a folder or a database, except those deleted in MLflow.

    Raises:
        NotReadable: there is no data of MLflow.
    """
    if path.is_file():
        if not is_ours(path):
            raise NotReadable(f"{path} is not a database of MLflow.")
        yield from _of_database(path)
        return
    has_store = False
    for folder in (path, path / "mlruns"):
        if any((experiment / META).is_file() for experiment in folders(folder)):
            has_store = True
            yield from of_files(folder, path)
    for database in sorted(path.iterdir() if path.is_dir() else ()):
        if database.suffix in DATABASES and database.is_file() and is_ours(database):
            has_store = True
            yield from _of_database(database)
    if not has_store:
        raise NotReadable(f"{path} contains neither a folder `mlruns` nor a database of MLflow.")


def _of_database(path: Path) -> Iterator[Experiment | Unreadable]:
    try:
        yield from of_database(path)
    except sqlite3.Error as error:
        yield Unreadable(str(path), f"{path} is damaged: {error}.")
