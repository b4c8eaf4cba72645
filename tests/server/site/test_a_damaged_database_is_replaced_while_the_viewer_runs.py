from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from runicorn._platform import file_lock
from runicorn_site.database.monitor import FULL
from tests.processes import Viewer
from tests.sdk.tracking.limited_disks import small_disk
from tests.waiting import until


def database_of(home: Path) -> Path:
    """Where a viewer of this user keeps its database."""
    return home / "data" / "runicorn.sqlite3"


def delete(path: Path) -> None:
    """Delete the file alone."""
    path.unlink()


def delete_all(path: Path) -> None:
    """Delete the file, its WAL and its index."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def delete_wal(path: Path) -> None:
    """Delete the WAL alone."""
    Path(f"{path}-wal").unlink()


def truncate(path: Path) -> None:
    """Cut the file to nothing."""
    os.truncate(path, 0)


def overwrite_head(path: Path) -> None:
    """Write garbage over the beginning, in place."""
    with path.open("r+b") as file:
        file.write(b"\xff" * 40_000)


def overwrite_all(path: Path) -> None:
    """Write garbage over everything, in place; the WAL too."""
    for part in (path, Path(f"{path}-wal")):
        with part.open("r+b") as file:
            file.write(b"\xff" * max(1, part.stat().st_size))


def drop_table(path: Path) -> None:
    """Drop a table."""
    with closing(sqlite3.connect(path, timeout=20)) as database:
        database.execute("DROP TABLE runs_run")


def replace_by_text(path: Path) -> None:
    """Put another file in its place that is no database."""
    other = path.with_name("other")
    other.write_text("no database" * 10_000)
    other.replace(path)


def replace_by_other(path: Path) -> None:
    """Put a database of another program in its place."""
    other = path.with_name("other")
    with closing(sqlite3.connect(other)) as database, database:
        database.execute("CREATE TABLE theirs (text TEXT)")
    other.replace(path)


def remove_directory(path: Path) -> None:
    """Remove the whole data directory."""
    shutil.rmtree(path.parent)
    path.parent.mkdir(mode=0o700)


DAMAGES = [
    delete,
    delete_all,
    delete_wal,
    truncate,
    overwrite_head,
    overwrite_all,
    drop_table,
    replace_by_text,
    replace_by_other,
    remove_directory,
]
EVERYDAY = {overwrite_all, drop_table}


@pytest.mark.parametrize(
    "damage",
    [damage if damage in EVERYDAY else pytest.param(damage, marks=pytest.mark.torture) for damage in DAMAGES],
)
def test_a_viewer_whose_database_is_damaged_rebuilds_it_and_says_so(
    start_viewer: Callable[..., Viewer],
    home: Path,
    folder: Path,
    make_run: Callable[..., str],
    damage: Callable[[Path], None],
) -> None:
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    before = make_run(folder, metrics=[{"loss": 1.0}, {"loss": 0.5}])

    def total(run_id: str) -> int:
        answer = viewer.get(f"/api/runs/{run_id}/metrics")
        return int(answer.json()["total"]) if answer.ok else -1

    assert until(lambda: total(before) == 2)
    damage(database_of(home))
    after = make_run(folder, metrics=[{"loss": 2.0}])

    def is_whole() -> bool:
        response = viewer.get("/api/runs")
        health = viewer.get("/api/health").json()
        assert response.status_code in (200, 503), response.text
        if not response.ok or {run["id"] for run in response.json()} != {before, after}:
            return False
        return health.get("status") == "ok" and (total(before), total(after)) == (2, 1)

    assert until(is_whole, timeout=60)
    assert viewer.process.poll() is None
    with closing(sqlite3.connect(database_of(home))) as database:
        assert database.execute("SELECT count(*) FROM runs_run").fetchone() == (2,)


def run_ids(viewer: Viewer) -> list[str]:
    """Return the runs that a viewer lists, none while its database does not answer."""
    answer = viewer.get("/api/runs")
    return [run["id"] for run in answer.json()] if answer.ok else []


def test_health_is_degraded_while_the_database_is_prepared_again(
    start_viewer: Callable[..., Viewer], home: Path, folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder)
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: run_ids(viewer) == [run_id])
    with file_lock(home / "data" / "migrate.lock"):  # as if it took long
        delete_all(database_of(home))
        health = until(lambda: (h := viewer.get("/api/health").json()).get("status") == "degraded" and h)
        # Looked at between the deletions of its files, the database cannot be read; after them it is deleted.
        assert "is being prepared again" in health["problem"]
        refused = viewer.get("/api/runs")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert "is being prepared again" in refused.json()["detail"]
    until(lambda: viewer.get("/api/health").json().get("status") == "ok")
    assert until(lambda: run_ids(viewer) == [run_id])


def test_health_is_503_with_one_sentence_when_the_database_does_not_answer(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError
    from django.db.backends.utils import CursorWrapper
    from rest_framework.test import APIClient

    def fail(*_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(CursorWrapper, "execute", fail)
    answer = APIClient(raise_request_exception=False).get("/api/health")
    assert answer.status_code == 503
    assert answer.json() == {"detail": "The database is not available right now. Try again shortly."}


def test_a_viewer_starts_and_reads_when_the_disk_of_its_data_is_full(
    start_viewer: Callable[..., Viewer], tmp_path: Path, folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, metrics=[{"loss": 1.0}])
    with small_disk(tmp_path / "data", "4m") as data:
        (data / "filler").write_bytes(b"x" * 2_500_000)
        viewer = start_viewer(RUNICORN_RATE_LIMIT="off", RUNICORN_DATA_DIR=str(data))
        try:
            assert until(lambda: viewer.get(f"/api/runs/{run_id}/metrics").json()["total"] == 1)
            assert "is full" in viewer.output
            assert "is full" in viewer.get("/").text
        finally:
            viewer.stop()


def test_a_disk_that_fills_up_while_the_viewer_runs_is_told(
    start_viewer: Callable[..., Viewer], tmp_path: Path, folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, metrics=[{"loss": 1.0}])
    with small_disk(tmp_path / "data", "20m") as data:
        viewer = start_viewer(RUNICORN_RATE_LIMIT="off", RUNICORN_DATA_DIR=str(data))
        try:
            until(lambda: viewer.get(f"/api/runs/{run_id}/metrics").json()["total"] == 1)
            filler = data / "filler"
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(b"x" * 65536):
                    pass

            def health() -> dict[str, object]:
                make_run(folder, metrics=[{"loss": float(step)} for step in range(2000)])
                return dict(viewer.get("/api/health").json())

            assert until(lambda: health().get("problem") == FULL)
            assert viewer.get(f"/api/runs/{run_id}").status_code == 200
            filler.unlink()
            until(lambda: viewer.get("/api/health").json().get("status") == "ok")
        finally:
            viewer.stop()
