"""`runicorn move-database` copies a database to PostgreSQL, and back into a SQLite file."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.folders import write_run
from tests.postgresql import PostgreSQL
from tests.processes import Viewer, environment, run_module
from tests.waiting import until

pytestmark = pytest.mark.needs("initdb", "pg_ctl")
RUN = "20260101_120000_aaaaaa"


def runicorn(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    return run_module(["runicorn", *arguments], environment(home, **more), home)


def move(home: Path, target: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return runicorn(home, "move-database", target, **more)


def users(home: Path, **more: str) -> Any:
    """The users that a viewer would have."""
    return json.loads(runicorn(home, "user", "list", "--json", **more).stdout)


def contents(viewer: Viewer) -> dict[str, Any]:
    """What a viewer shows: from files, and from the database alone."""
    series = viewer.get(f"/api/v2/experiments/{RUN}/series?names=loss").json()["series"][0]
    return {
        "runs": [run["id"] for run in viewer.get("/api/runs?search=esne").json()],
        "last": (series["count"], series["last"]),
        "rules": viewer.get("/api/v2/alerts/rules").json(),
        "events": viewer.get("/api/v2/alerts/events").json(),
    }


def test_a_database_is_moved_to_postgresql_and_back(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path, database: PostgreSQL
) -> None:
    url = database.create("moved")
    points = [{"loss": 1 / step} for step in range(1, 301)]
    write_run(folder, "vision", "resnet", run_id=RUN, metrics=points, config={"lr": 0.1})
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: viewer.get("/api/runs").json())
    rule = {"name": "low", "when": {"kind": "threshold", "metric": "loss", "op": "<", "value": 0.1}}
    assert viewer.post("/api/v2/alerts/rules", json=rule).status_code == 201
    with (folder / "vision" / "resnet" / "runs" / RUN / "events.jsonl").open("a") as journal:
        journal.write('{"ts": 1, "type": "alert", "data": {"title": "Low accuracy"}}\n')
    until(lambda: contents(viewer)["events"]["events"])
    viewer.post("/api/v2/alerts/events/acknowledge", json={"ids": [1]})
    before = contents(viewer)
    assert runicorn(home, "user", "add", "ada", "--role", "admin").returncode == 0
    people = users(home)
    assert len(people["users"]) == 1

    refused = move(home, url)
    assert refused.returncode == 1 and "A viewer runs" in refused.stderr, refused.stderr
    viewer.stop()
    moved = move(home, url)
    assert moved.returncode == 0, moved.stderr
    assert "Copied" in moved.stdout
    again = move(home, url)
    assert again.returncode == 1 and "The target is not empty" in again.stderr

    viewer = start_viewer(RUNICORN_RATE_LIMIT="off", RUNICORN_DATABASE_URL=url)
    assert viewer.get("/api/health").json()["database"]["vendor"] == "postgresql"
    assert contents(viewer) == before
    assert users(home, RUNICORN_DATABASE_URL=url) == people
    write_run(folder, "vision", "late", run_id="20260102_120000_bbbbbb", metrics=points)
    until(lambda: len(viewer.get("/api/runs").json()) == 2)
    refused = move(home, f"sqlite://{home}/back.sqlite3", RUNICORN_DATABASE_URL=url)
    assert refused.returncode == 1 and "A viewer runs" in refused.stderr, refused.stderr
    viewer.stop()

    back = f"sqlite://{home}/back.sqlite3"
    refused = move(home, back, RUNICORN_DATABASE_URL=url)
    assert refused.returncode == 1 and "server.sqlite3 has rows" in refused.stderr, refused.stderr
    (home / "data" / "server.sqlite3").unlink()
    (home / "back.sqlite3").unlink()
    moved = move(home, back, RUNICORN_DATABASE_URL=url)
    assert moved.returncode == 0, moved.stderr
    for file in (home / "back.sqlite3", home / "data" / "server.sqlite3"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    with closing(sqlite3.connect(home / "back.sqlite3")) as copy:
        assert copy.execute("SELECT count(*) FROM runs_run").fetchone() == (2,)
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off", RUNICORN_DATABASE_URL=back)
    assert viewer.get("/api/health").json()["database"]["vendor"] == "sqlite"
    assert contents(viewer) == before
    assert users(home, RUNICORN_DATABASE_URL=back) == people


def test_a_missing_database_and_a_malformed_address_are_refused(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    missing = move(home, f"sqlite://{tmp_path}/new.sqlite3")
    assert missing.returncode == 1 and "There is no database" in missing.stderr
    malformed = move(home, "mysql://host/name")
    assert malformed.returncode == 2 and "must begin with postgresql://" in malformed.stderr
