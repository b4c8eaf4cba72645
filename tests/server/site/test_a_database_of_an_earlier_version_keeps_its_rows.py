"""A database as an earlier version left it is migrated by the viewer, with the rows in it.

`tests/fixtures/database-before-users.sqlite3.gz` was made by the viewer of commit 27f8501b: one run with metrics, an alert
rule and the event that it fired, and a user of the admin site. The path of its storage root is `/store`.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from runicorn.api import RunicornClient
from tests.folders import write_run
from tests.processes import Viewer
from tests.waiting import until

FIXTURE = Path(__file__).parents[2] / "fixtures" / "database-before-users.sqlite3.gz"
RUN = "20261128_120000_aaaaaa"
RULE = {
    "id": 2,
    "name": "exploded",
    "when": {"kind": "threshold", "metric": "loss", "op": ">", "value": 5.0},
    "where": "",
    "channels": [],
    "enabled": True,
    "created_at": 1795911650.2,
    "changed_at": 1795911650.2,
}


def rows(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as database:
        return database.execute(statement).fetchall()


def test_the_viewer_migrates_an_older_database_and_keeps_its_rows(tmp_path: Path) -> None:
    home, store = tmp_path / "home", tmp_path / "store"
    for folder in (home / "data", home / "config"):
        folder.mkdir(mode=0o700, parents=True)
    store.mkdir()
    file = home / "data" / "runicorn.sqlite3"
    file.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    rows(file, f"UPDATE runs_storageroot SET path = '{store}'")
    record = {"last_id": 2, "channels": [], "rules": [RULE]}
    (home / "config" / "alerts.json").write_text(json.dumps(record), encoding="ascii")
    write_run(store, run_id=RUN, metrics=[{"loss": 1.0}, {"loss": 9.0}], config={"lr": 0.1})
    migrations = "SELECT app, name FROM django_migrations"
    runs = "SELECT id, run_id, project FROM runs_run"
    before, run, inode = set(rows(file, migrations)), rows(file, runs), file.stat().st_ino
    viewer = Viewer(store, home, RUNICORN_RATE_LIMIT="off")
    try:
        client = RunicornClient(viewer.wait_until_it_answers().url)
        (event,) = client.alerts.events()
        assert (event["run_id"], event["rule_id"], event["value"]) == (RUN, 2, 9.0)
        assert client.alerts.acknowledge([event["id"]]) == 1
        assert [rule["name"] for rule in client.alerts.rules()] == ["exploded"]
        until(lambda: len(client.get_metrics(RUN)["metrics"]["loss"]) == 2)
        assert rows(file, "SELECT username, is_superuser FROM auth_user") == [("ada", 1)]
        assert rows(file, runs) == run
        assert set(rows(file, migrations)) > before
        assert file.stat().st_ino == inode
        assert not list(file.parent.glob("*.damaged*"))
    finally:
        viewer.stop()
