"""Import of Trackio: one SQLite database per project, `<project>.db`, in `~/.cache/huggingface/trackio`.

Format: trackio/sqlite_storage.py of https://github.com/gradio-app/trackio. Runs have an id since version 0.2.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.units import number_of
from runicorn_importers.experiment import (
    Entry,
    Experiment,
    Media,
    NotReadable,
    Point,
    Series,
    Tally,
    Unreadable,
    number,
    open_ended,
    utc_seconds,
)
from runicorn_importers.formats.sqlite import is_database, open_to_read
from runicorn_importers.trackio_values import Logged, media_of

OWN = ("_Username", "_Created", "_Group")


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs of a database, or of all databases in a folder.

    Raises:
        NotReadable: there is no Trackio database.
    """
    files = [path] if path.is_file() else sorted([*path.glob("*.db"), *path.glob("trackio/*.db")])
    damaged = [file for file in files if not is_database(file)]
    ours = [file for file in files if is_ours(file)]
    if not ours:
        raise NotReadable(f"{path} contains no database of Trackio.")
    for file in damaged:
        yield Unreadable(str(file), f"{file} is damaged, or not a database.")
    for file in ours:
        try:
            yield from _of_database(file)
        except sqlite3.Error as error:
            yield Unreadable(str(file), f"{file} is damaged: {error}.")


def is_ours(path: Path) -> bool:
    """Return whether a file is a database of Trackio."""
    return _columns(path, "metrics") >= {"run_name", "step", "metrics"}


def _columns(path: Path, table: str) -> set[str]:
    try:
        with closing(open_to_read(path)) as database:
            return {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
    except sqlite3.DatabaseError:
        return set()


def _of_database(path: Path) -> Iterator[Experiment]:
    key = "run_id" if "run_id" in _columns(path, "metrics") else "run_name"
    with closing(open_to_read(path)) as database:
        runs = database.execute(
            f"SELECT {key}, MAX(run_name), MIN(timestamp), MAX(timestamp), COUNT(*) FROM metrics "
            f"GROUP BY {key} ORDER BY 3, 1"
        ).fetchall()
        for run, name, began, ended, count in runs:
            config = _config(database, path, key, run)
            # Trackio does not record the end of a run.
            status, _ = open_ended(utc_seconds(ended))
            omissions = _unread(database, path, key, run)
            traces = 0
            if key in _columns(path, "traces"):
                query = f"SELECT COUNT(*) FROM traces WHERE {key} = ?"
                traces = database.execute(query, (run,)).fetchone()[0]
            yield Experiment(
                origin=f"trackio:{path.stem}/{run}" + ("" if key == "run_id" else f"/{began}"),
                project=path.stem,
                name=name,
                started=utc_seconds(config.get("_Created")) or utc_seconds(began),
                ended=utc_seconds(ended),
                status=status if status == layout.RUNNING else layout.FINISHED,
                config={key: value for key, value in config.items() if key not in OWN},
                group=str(config.get("_Group") or ""),
                entries=_rows(path, key, run, omissions),
                omissions=omissions,
                check=_check(path, key, run),
                fingerprint=f"{count} {ended} {config}" + (f" {traces} samples" if traces else ""),
            )


def _config(database: sqlite3.Connection, path: Path, key: str, run: str) -> dict[str, Any]:
    columns = _columns(path, "configs")
    if key not in columns:
        return {}
    row = database.execute(f"SELECT config FROM configs WHERE {key} = ?", (run,)).fetchone()
    return _object(row[0]) if row else {}


def _rows(path: Path, key: str, run: str, omissions: list[str]) -> Callable[[], Iterator[Entry]]:
    def rows() -> Iterator[Entry]:
        with closing(open_to_read(path)) as database:
            for step, moment, text in database.execute(
                f"SELECT step, timestamp, metrics FROM metrics WHERE {key} = ? ORDER BY id", (run,)
            ):
                values = {name: number(value) for name, value in _object(text).items()}
                others = {name: value for name, value in values.items() if isinstance(value, dict | list)}
                time = utc_seconds(moment)
                if len(others) < len(values):
                    yield Point(step, time, {n: v for n, v in values.items() if n not in others})
                for name, value in others.items():
                    yield from media_of(Logged(name, step, time, value), path.parent, omissions)
            yield from _traces(database, path, key, run, omissions)
            if key in _columns(path, "system_metrics"):
                for moment, text in database.execute(
                    f"SELECT timestamp, metrics FROM system_metrics WHERE {key} = ? ORDER BY id", (run,)
                ):
                    load = {f"system/{name}": number(value) for name, value in _object(text).items()}
                    yield Point(0, utc_seconds(moment), load, "system")

    return rows


def _traces(
    database: sqlite3.Connection, path: Path, key: str, run: str, omissions: list[str]
) -> Iterator[Media]:
    """Yield the traces of a run, which have a table of their own since version 0.30."""
    columns = _columns(path, "traces")
    if not columns >= {key, "timestamp", "step", "key", "messages", "metadata"}:
        return
    spans = "spans" if "spans" in columns else "NULL"
    for step, moment, name, messages, metadata, steps in database.execute(
        f"SELECT step, timestamp, key, messages, metadata, {spans} FROM traces WHERE {key} = ? "
        "ORDER BY timestamp, rowid",
        (run,),
    ):
        value = {
            "_type": "trackio.trace",
            "messages": _parsed(messages),
            "metadata": _parsed(metadata),
            "spans": _parsed(steps),
        }
        yield from media_of(Logged(name, step or 0, utc_seconds(moment), value), path.parent, omissions)


def _unread(database: sqlite3.Connection, path: Path, key: str, run: str) -> list[str]:
    """Return the messages about alerts and artifacts, which are not imported."""
    counts = {}
    for table, what in (("alerts", "alert"), ("run_artifact_links", "artifact")):
        if key in _columns(path, table):
            query = f"SELECT COUNT(*) FROM {table} WHERE {key} = ?"
            counts[what] = database.execute(query, (run,)).fetchone()[0]
    return [f"not imported: {number_of(count, what)}." for what, count in counts.items() if count]


def _check(path: Path, key: str, run: str) -> Callable[[], dict[str, Series]]:
    """Return a function that counts the numbers of a run by SQLite's JSON instead of Python's."""
    tables = {"metrics": "", "system_metrics": "system/"}

    def counted() -> dict[str, Series]:
        tally = Tally()
        with closing(open_to_read(path)) as database:
            for table, prefix in tables.items():
                if key not in _columns(path, table):
                    continue
                for name, value in database.execute(
                    f"SELECT entry.key, entry.value FROM {table} row, json_each(row.metrics) entry "
                    f"WHERE row.{key} = ? AND entry.type NOT IN ('array', 'object') ORDER BY row.id",
                    (run,),
                ):
                    tally.add(prefix + name, number(value))
        return tally.series()

    return counted


def _object(text: str | bytes) -> dict[str, Any]:
    value = _parsed(text)
    return value if isinstance(value, dict) else {}


def _parsed(text: str | bytes | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return None
