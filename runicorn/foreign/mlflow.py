"""MLflow: a folder `mlruns` of files, or a SQLite database (`mlflow.db`), with the artifacts beside it.

An experiment of MLflow becomes a project, a run a run. Formats: mlflow/store/tracking/file_store.py and
mlflow/store/tracking/dbmodels/models.py of https://github.com/mlflow/mlflow, as versions 1 to 3 write them.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from runicorn import layout
from runicorn.foreign.database import open_to_read
from runicorn.foreign.experiment import Experiment, Files, NotReadable, Point, by_step

META = "meta.yaml"
NUMBERS = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
"""Of mlflow/protos/service.proto, as the files have them."""
STATUS = {"FINISHED": layout.FINISHED, "FAILED": layout.FAILED}
OWN_TAGS = "mlflow."
NOTE = "mlflow.note.content"

Single = tuple[int, float | None, str, Any]


def read(path: Path) -> Iterator[Experiment]:
    """The runs of a folder or a database, those that were deleted in MLflow left out.

    Raises:
        NotReadable: there is nothing of MLflow.
        OSError: it cannot be read.
    """
    if path.is_file():
        yield from _of_database(path)
        return
    found = False
    for folder in (path, path / "mlruns"):
        if any((one / META).is_file() for one in _folders(folder)):
            found = True
            yield from _of_files(folder, path)
    for database in sorted(path.glob("*.db")):
        if _is_ours(database):
            found = True
            yield from _of_database(database)
    if not found:
        raise NotReadable(f"There is no folder `mlruns` and no database of MLflow in {path}.")


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


# Files


def _of_files(store: Path, top: Path) -> Iterator[Experiment]:
    for folder in _folders(store):
        about = _yaml(folder / META)
        if not about.get("experiment_id") or about.get("lifecycle_stage") == "deleted":
            continue
        for run in _folders(folder):
            meta = _yaml(run / META)
            if meta.get("run_id") and meta.get("lifecycle_stage") != "deleted":
                yield _run_of_files(run, meta, str(about.get("name") or folder.name), top)


def _yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        value = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError):
        return {}
    return value if isinstance(value, dict) else {}


def _run_of_files(run: Path, meta: dict[str, Any], project: str, top: Path) -> Experiment:
    tags = _texts(run / "tags")
    status = NUMBERS.get(str(meta.get("status")), str(meta.get("status")))
    return _experiment(
        run_id=str(meta["run_id"]),
        project=project,
        name=str(meta.get("run_name") or tags.get("mlflow.runName") or meta["run_id"]),
        times=(_seconds(meta.get("start_time")), _seconds(meta.get("end_time"))),
        status=status,
        params=_texts(run / "params"),
        tags=tags,
        single=lambda: _single(run / "metrics"),
        artifacts=_artifacts(run / "artifacts", top),
    )


def _texts(folder: Path) -> dict[str, str]:
    """Files whose names, with the folders above them, are keys."""
    return {key: path.read_text(encoding="utf-8", errors="replace") for key, path in _below(folder)}


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    for where, _, files in os.walk(folder):
        for name in sorted(files):
            path = Path(where, name)
            if not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path


def _single(folder: Path) -> Iterator[Single]:
    """Lines `milliseconds value step`."""
    for name, path in _below(folder):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                parts = line.split()
                if len(parts) < 2:
                    continue
                try:
                    yield int(parts[2]) if len(parts) > 2 else 0, int(parts[0]) / 1000, name, float(parts[1])
                except (ValueError, OverflowError):
                    continue


# Databases


def _is_ours(path: Path) -> bool:
    try:
        with closing(open_to_read(path)) as database:
            names = {
                name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
    except sqlite3.DatabaseError:
        return False
    return {"experiments", "runs", "metrics", "params", "tags"} <= names


def _of_database(path: Path) -> Iterator[Experiment]:
    if not _is_ours(path):
        raise NotReadable(f"{path} is no database of MLflow.")
    with closing(open_to_read(path)) as database:
        runs = database.execute(
            "SELECT r.run_uuid, r.name, r.status, r.start_time, r.end_time, r.artifact_uri, e.name FROM runs r "
            "JOIN experiments e ON e.experiment_id = r.experiment_id "
            "WHERE r.lifecycle_stage = 'active' AND e.lifecycle_stage = 'active' ORDER BY r.start_time, r.run_uuid"
        ).fetchall()
        for run_id, name, status, started, ended, uri, project in runs:
            params, tags = (
                dict(database.execute(f"SELECT key, value FROM {table} WHERE run_uuid = ?", (run_id,)))
                for table in ("params", "tags")
            )
            yield _experiment(
                run_id=run_id,
                project=project,
                name=name or tags.get("mlflow.runName") or run_id,
                times=(_seconds(started), _seconds(ended)),
                status=status,
                params=params,
                tags=tags,
                single=_rows(path, run_id),
                artifacts=_artifacts(_local(uri), path.parent) or _moved(path.parent, run_id),
            )


def _rows(path: Path, run_id: str) -> Callable[[], Iterable[Single]]:
    def rows() -> Iterator[Single]:
        with closing(open_to_read(path)) as database:
            for name, value, milliseconds, step, is_nan in database.execute(
                "SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ?", (run_id,)
            ):
                yield step, milliseconds / 1000, name, float("nan") if is_nan else value

    return rows


def _local(uri: str | None) -> Path | None:
    """The folder that an address of artifacts names on this machine."""
    parts = urlsplit(uri or "")
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return Path(uri) if uri and not parts.scheme else None


# Both


def _seconds(milliseconds: Any) -> float | None:
    return milliseconds / 1000 if isinstance(milliseconds, int | float) else None


def _artifacts(folder: Path | None, top: Path) -> dict[str, Path]:
    """The files in a folder of artifacts; only below the place that was named: a store may come from somebody else."""
    if folder is None or not folder.resolve().is_relative_to(top.resolve()):
        return {}
    return dict(_below(folder))


def _moved(top: Path, run_id: str) -> dict[str, Path]:
    """The artifacts of a run whose store was moved: the database has absolute addresses."""
    if not run_id.isalnum():
        return {}
    folders = [*top.glob(f"*/{run_id}/artifacts"), *top.glob(f"*/*/{run_id}/artifacts")]
    return _artifacts(folders[0], top) if folders else {}


def _experiment(
    *,
    run_id: str,
    project: str,
    name: str,
    times: tuple[float | None, float | None],
    status: str,
    params: dict[str, Any],
    tags: dict[str, Any],
    single: Callable[[], Iterable[Single]],
    artifacts: dict[str, Path],
) -> Experiment:
    unfinished = status not in STATUS
    left = [] if artifacts or "mlflow.log-model.history" not in tags else ["its models lie elsewhere."]

    def entries() -> list[Point]:
        return by_step(single())

    return Experiment(
        origin=f"mlflow:{run_id}",
        project=project,
        name=name,
        started=times[0],
        ended=times[1],
        status=STATUS.get(status, layout.INTERRUPTED),
        reason=f"mlflow: {status}" if unfinished else "",
        config={key: _plain(value) for key, value in params.items()},
        tags=[f"{key}={value}" for key, value in sorted(tags.items()) if not key.startswith(OWN_TAGS)],
        notes=str(tags.get(NOTE) or ""),
        host=str(tags.get("mlflow.host") or ""),
        entries=entries,
        files=[Files(f"{name}-{run_id[:8]}", "custom", artifacts)] if artifacts else [],
        left=left,
    )


def _plain(text: str) -> Any:
    """MLflow keeps parameters as texts; numbers and truths are to be found and sorted as such."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
