"""`runicorn backup` beside a running viewer, and `runicorn restore` into an empty home and over another one."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import tarfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from runicorn.api import RunicornClient
from tests.folders import write_run
from tests.postgresql import postgresql
from tests.processes import Viewer, environment, run_module
from tests.server.people.lab import Lab, add_users
from tests.waiting import until

FIXTURES = Path(__file__).parents[2] / "fixtures"
RUN = "20240101_000000_aaaaaa"


def command(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `runicorn` as the user of a home."""
    return run_module(["runicorn", *words], environment(home, **more), home)


def database(home: Path) -> sqlite3.Connection:
    return sqlite3.connect(home / "data" / "server.sqlite3", timeout=30, isolation_level=None)


def grants(home: Path) -> list[tuple[str, str, str]]:
    """Return the names of the users with their roles."""
    query = "SELECT username, project, role FROM people_grant JOIN auth_user u ON u.id = user_id ORDER BY 2"
    with closing(sqlite3.connect(home / "data" / "server.sqlite3", timeout=30)) as rows:
        return rows.execute(query).fetchall()


def fill(viewer: Viewer, home: Path) -> tuple[str, str]:
    """Create a rule that fires, a user, a token and a link; return the token and the link."""
    client = RunicornClient(viewer.url)
    client.alerts.create_channel("hook", "https://example.invalid/hook", enabled=False)
    client.alerts.create_rule("exploded", {"kind": "threshold", "metric": "loss", "op": ">", "value": 5})
    metrics = [{"loss": 1.0}, {"loss": 9.0}]
    write_run(viewer.root, run_id=RUN, metrics=metrics, created_at=time.time())
    until(lambda: client.alerts.events(), timeout=60)
    client.alerts.acknowledge([event["id"] for event in client.alerts.events()])
    add_users(home, {"ada": ("curate", {"speech": "write-all"})})
    assert stat.S_IMODE((home / "data" / "server.sqlite3").stat().st_mode) == 0o600
    token = command(home, "token", "add", "ci", "--scope", "admin").stdout.strip()
    return token, client.shares.create("run", RUN)["url"].removeprefix(viewer.url)


def is_whole(viewer: Viewer, home: Path, token: str, link: str) -> bool:
    """Return whether a viewer has what `fill` created."""
    client = RunicornClient(viewer.url, token=token)
    (rule,) = client.alerts.rules()
    (channel,) = client.alerts.channels()
    (event,) = client.alerts.events()
    assert (rule["name"], channel["name"], channel["enabled"]) == ("exploded", "hook", False)
    assert (event["run_id"], event["rule_id"], event["acknowledged"]) == (RUN, rule["id"], True)
    assert grants(home) == [("ada", "", "curate"), ("ada", "speech", "write-all")]
    until(lambda: len(client.get_metrics(RUN)["metrics"]["loss"]) == 2)
    return requests.get(viewer.url + link, timeout=30).status_code == 200


@dataclass(frozen=True)
class Saved:
    """A backup that was made beside a running viewer, with the token and the link that it contains."""

    file: Path
    store: Path
    token: str
    link: str


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Make a backup."""
    folder = tmp_path_factory.mktemp("saved")
    home, store, file = folder / "home", folder / "store", folder / "backup.tar.gz"
    home.mkdir()
    store.mkdir()
    viewer = Viewer(store, home, RUNICORN_RATE_LIMIT="off")
    try:
        token, link = fill(viewer.wait_until_it_answers(), home)
        process = command(home, "backup", str(file))
        assert process.returncode == 0, process.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        again = command(home, "backup", str(file))
        assert (again.returncode, again.stderr.count("Errno")) == (2, 0) and "exists already" in again.stderr
        refused = command(home, "restore", str(file), "--overwrite")
        assert refused.returncode == 2 and "A viewer is running" in refused.stderr
    finally:
        viewer.stop()
    return Saved(file, store, token, link)


def test_a_backup_is_restored_into_an_empty_home_and_overwrites_nothing_silently(
    backup: Saved, tmp_path: Path
) -> None:
    home, file = tmp_path, str(backup.file)
    process = command(home, "restore", file)
    assert process.returncode == 0, process.stderr
    viewer = Viewer(backup.store, home, RUNICORN_RATE_LIMIT="off")
    try:
        assert is_whole(viewer.wait_until_it_answers(), home, backup.token, backup.link)
    finally:
        viewer.stop()
    command(home, "token", "revoke", "ci")
    refused = command(home, "restore", file)
    assert refused.returncode == 2 and "--overwrite" in refused.stderr
    assert "ci" not in command(home, "token", "list").stdout
    with closing(database(home)) as rows:
        rows.execute("DELETE FROM people_grant")
        rows.execute("DELETE FROM auth_user")
        rows.execute("UPDATE alerts_alertevent SET acknowledged = 0")
    process = command(home, "restore", file, "--overwrite")
    assert process.returncode == 0, process.stderr
    (before,) = (home / "data").glob("before-restore-*.tar.gz")
    assert str(before) in process.stdout and before.stat().st_mode & 0o777 == 0o600
    assert "ci" in command(home, "token", "list").stdout
    with closing(database(home)) as rows:
        assert rows.execute("SELECT acknowledged FROM alerts_alertevent").fetchall() == [(1,)]
    assert len(grants(home)) == 2


def test_links_belong_to_their_authors_after_a_restore(tmp_path: Path) -> None:
    home, restored, file = tmp_path / "home", tmp_path / "restored", str(tmp_path / "backup.tar.gz")
    home.mkdir()
    restored.mkdir()
    write_run(home / "store", run_id=RUN, metrics=[{"loss": 1.0}], status="finished")
    passwords = add_users(home, {"gone": ("read", {}), "ada": ("curate", {}), "bo": ("curate", {})})
    with closing(sqlite3.connect(home / "data" / "server.sqlite3", isolation_level=None)) as rows:
        rows.execute("DELETE FROM people_grant WHERE user_id = 1")
        rows.execute("DELETE FROM auth_user WHERE id = 1")
    viewer = Viewer(home / "store", home, "--users", RUNICORN_RATE_LIMIT="off")
    try:
        lab = Lab(viewer.wait_until_it_answers(), home, passwords)
        until(lambda: lab.session("ada").get(f"{lab.url}/api/runs/{RUN}", timeout=30).ok)
        client = RunicornClient(lab.url, token=lab.token("ada", "curate"))
        link = client.shares.create("run", RUN)["url"].removeprefix(lab.url)
    finally:
        viewer.stop()
    assert command(home, "backup", file).returncode == 0
    for options in ([], ["--overwrite"]):
        process = command(restored, "restore", file, *options)
        assert process.returncode == 0, process.stderr
    viewer = Viewer(home / "store", restored, "--users", RUNICORN_RATE_LIMIT="off")
    try:
        url = viewer.wait_until_it_answers().url
        until(lambda: requests.get(url + link, timeout=30).status_code == 200)
        with closing(sqlite3.connect(restored / "data" / "server.sqlite3", isolation_level=None)) as rows:
            rows.execute("UPDATE auth_user SET username = 'other' WHERE username = 'ada'")
        until(lambda: requests.get(url + link, timeout=30).status_code == 404)
    finally:
        viewer.stop()


@pytest.mark.needs("postgres")
def test_a_backup_moves_to_postgresql(backup: Saved, tmp_path: Path) -> None:
    with postgresql() as server:
        url = {"RUNICORN_DATABASE_URL": server.create("runs")}
        process = command(tmp_path, "restore", str(backup.file), **url)
        assert process.returncode == 0, process.stderr
        again = tmp_path / "again.tar.gz"
        assert command(tmp_path, "backup", str(again), **url).returncode == 0
    assert rows_by_table(again) == rows_by_table(backup.file)


def rows_by_table(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of a backup by their tables."""
    with tarfile.open(file) as archive:
        content = archive.extractfile("server.sqlite3")
        assert content is not None
        copy = file.with_suffix(".sqlite3")
        copy.write_bytes(content.read())
    with closing(sqlite3.connect(copy)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        names = [name for (name,) in tables if name.startswith(("auth_user", "people_", "alerts_"))]
        rows: dict[str, list[tuple[object, ...]]] = {}
        for name in names:
            # By name: a database that was migrated has its columns in another order.
            columns = sorted(database.execute("SELECT name FROM pragma_table_info(?)", [name]))
            quoted = ", ".join(f'"{column}"' for (column,) in columns)
            rows[name] = database.execute(f"SELECT {quoted} FROM {name}").fetchall()
    return {name: sorted((tuple(map(_sorted, row)) for row in rows[name]), key=repr) for name in names}


def _sorted(value: object) -> object:
    """Sort the keys of JSON, as PostgreSQL does."""
    is_object = isinstance(value, str) and value.startswith("{")
    return json.dumps(json.loads(str(value)), sort_keys=True) if is_object else value


def test_a_backup_has_no_session(backup: Saved) -> None:
    assert rows_by_table(backup.file)["people_apitoken"] and rows_by_table(backup.file)["alerts_alertevent"]
    with closing(sqlite3.connect(backup.file.with_suffix(".sqlite3"))) as database:
        assert database.execute("SELECT * FROM django_session").fetchall() == []


def test_a_backup_of_an_earlier_version_is_restored(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path, tmp_path: Path
) -> None:
    """`tests/fixtures/backup-7bc97a0c.tar.gz` was made by that commit, for a store `/store`."""
    home.mkdir(parents=True, exist_ok=True)
    process = command(home, "restore", str(FIXTURES / "backup-7bc97a0c.tar.gz"))
    assert process.returncode == 0, process.stderr
    with closing(database(home)) as rows:
        assert rows.execute("SELECT username FROM auth_user ORDER BY id").fetchall() == [("ada",), ("bo",)]
        assert rows.execute("SELECT name FROM people_apitoken ORDER BY id").fetchall() == [("ci",), ("old",)]
        assert rows.execute(
            "SELECT root, run_id, rule_id, acknowledged FROM alerts_alertevent"
        ).fetchall() == [("/store", "20261129_130000_bbbbbb", 2, 1)]
        assert rows.execute("SELECT kind, root FROM people_share").fetchall() == [("run", "/store")]
        assert rows.execute("SELECT path FROM site_watchedfolder").fetchall() == [("/store-theirs",)]
    again = command(home, "backup", str(tmp_path / "again.tar.gz"))
    assert again.returncode == 0, again.stderr
    viewer = start_viewer(folder, RUNICORN_RATE_LIMIT="off")
    assert [rule["name"] for rule in viewer.get("/api/v2/alerts/rules").json()] == ["exploded"]


@pytest.mark.parametrize("damage", ["no archive", "changed", "newer"])
def test_a_damaged_or_newer_backup_is_refused(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "backup.tar.gz"
    if damage == "no archive":
        file.write_bytes(b"something else")
    else:
        text = (
            '{"format": 3, "files": {}}'
            if damage == "newer"
            else '{"format": 1, "files": {"rows.jsonl": "x"}}'
        )
        for name, content in (("backup.json", text), ("rows.jsonl", "")):
            (tmp_path / name).write_text(content, encoding="ascii")
        with tarfile.open(file, "w:gz") as archive:
            for name in ("backup.json", "rows.jsonl"):
                archive.add(tmp_path / name, name)
    refused = command(tmp_path, "restore", str(file))
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert str(file) in refused.stderr
