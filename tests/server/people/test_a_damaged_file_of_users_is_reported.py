"""A damaged, empty or missing file of users ends the start and the backup with a message; a restore replaces it."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes import Viewer, environment, run_module
from tests.server.people.lab import add_users
from tests.waiting import until

DAMAGES: dict[str, Callable[[Path], object]] = {
    "damaged": lambda file: file.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64),
    "empty": lambda file: file.write_bytes(b""),
    "missing": lambda file: file.unlink(),
}


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run_module(["runicorn", *words], environment(home), home)


@pytest.mark.parametrize("state", DAMAGES)
def test_a_lost_file_of_users_is_never_taken_for_no_users(
    state: str, home: Path, folder: Path, tmp_path: Path
) -> None:
    home.mkdir(parents=True, exist_ok=True)
    add_users(home, {"ada": ("admin", {})})
    archive, file = tmp_path / "saved.tar.gz", home / "data" / "server.sqlite3"
    assert command(home, "backup", str(archive)).returncode == 0
    DAMAGES[state](file)
    viewer = command(home, "viewer", "--no-open", "--storage", str(folder), "--port", "0", "--users")
    backup = command(home, "backup", str(tmp_path / "second.tar.gz"))
    for process in (viewer, backup):
        assert process.returncode == 1 and f"{file} is {state}" in process.stderr, process.stderr
        assert "runicorn restore" in process.stderr and "Traceback" not in process.stderr
    assert not (tmp_path / "second.tar.gz").exists()
    process = command(home, "restore", "--overwrite", str(archive))
    assert process.returncode == 0, process.stderr
    with closing(sqlite3.connect(file)) as rows:
        assert rows.execute("SELECT username FROM auth_user").fetchall() == [("ada",)]


@pytest.mark.parametrize("state", ["damaged", "empty"])
def test_runs_are_shown_while_the_durable_database_is_lost(
    state: str, start_viewer: Callable[..., Viewer], folder: Path, home: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, metrics=[{"loss": 1.0}], status="finished")
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: run_id in viewer.get("/").text)
    DAMAGES[state](home / "data" / "server.sqlite3")
    sentence = "The durable database is damaged. Stop the viewer and restore a backup."

    def is_reported() -> bool:
        answer = viewer.get("/api/v2/alerts/rules")
        return answer.status_code == 503 and answer.json()["detail"] == sentence

    until(is_reported)
    assert run_id in viewer.get("/").text and viewer.get(f"/api/runs/{run_id}").status_code == 200
    with (folder / "vision" / "resnet" / "runs" / run_id / "events.jsonl").open("a") as journal:
        journal.write('{"ts": 3, "type": "metrics", "data": {"loss": 9.0, "global_step": 9, "time": 3}}\n')
    until(lambda: len(viewer.get(f"/api/runs/{run_id}/metrics").json()["rows"]) == 2)
