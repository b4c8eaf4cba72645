"""What earlier versions kept in files of their own is in the durable database after the first start, once.

`tests/fixtures/home-7bc97a0c.tar.gz` and `…-7e3e9fca…` are the configuration and data directories that servers of these
commits left, for a store `/store`; `note.json` has a token, a link and the events, as that server returned them.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
import requests

from people import legacy_import
from people.models import ApiToken
from runicorn_site.web import legacy_files
from runicorn_site.web.legacy_files import import_once
from tests.folders import write_run
from tests.processes import Viewer, environment, run_module
from tests.waiting import until

FIXTURES = Path(__file__).parents[2] / "fixtures"
ONCE = ("tokens.json", "shares.json", "alerts.json", "watched_folders.json")
RUN, FIRED = "20261129_120000_aaaaaa", "20261129_130000_bbbbbb"
BEGUN, FIRED_AT = 1796018370.0, 1796018379.8510044


class FirstViewer(Viewer):
    """A viewer of a user who has no database of this version."""

    first = True


def unpacked(commit: str, home: Path, store: Path) -> dict[str, Any]:
    """Lay out the home that a commit left, for another store, with its runs; return its note."""
    home.mkdir(parents=True)
    store.mkdir(exist_ok=True)
    with tarfile.open(FIXTURES / f"home-{commit}.tar.gz") as archive:
        archive.extractall(home, filter="data")
    for name in ("shares.json", "watched_folders.json"):
        if (file := home / "config" / name).exists():
            file.write_text(file.read_text().replace('"/store"', json.dumps(str(store))))
    with closing(sqlite3.connect(home / "data" / "runicorn.sqlite3", isolation_level=None)) as index:
        index.execute("UPDATE runs_storageroot SET path = ?", [str(store)])
    # The first before there was a rule, the second as it fired.
    for run_id, status, created_at in ((RUN, "finished", BEGUN), (FIRED, "running", FIRED_AT - 2)):
        metrics = [{"loss": 1.0}, {"loss": 9.0}]
        write_run(store, run_id=run_id, metrics=metrics, status=status, created_at=created_at)
    return dict(json.loads((home / "note.json").read_text()))


def user_data(url: str, note: dict[str, Any]) -> dict[str, Any]:
    """Return everything that people made."""
    headers = {"Authorization": f"Bearer {note['token']}"}

    def get(path: str, **query: str) -> Any:
        answer = requests.get(f"{url}{path}", params=query, headers=headers, timeout=30)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    link = "/s/" + note["link"].partition("/s/")[2]
    return {
        "link": requests.get(url + link, timeout=30).status_code,
        "events": [
            (e["id"], e["rule_id"], e["run_id"], e["acknowledged"], e["at"])
            for e in get("/api/v2/alerts/events")["events"]
        ],
        "rules": [(rule["id"], rule["name"], rule["channels"]) for rule in get("/api/v2/alerts/rules")],
        "channels": [(row["id"], row["name"], row["enabled"]) for row in get("/api/v2/alerts/channels")],
        "shares": [(share["kind"], share["target"], share["author"]) for share in get("/api/v2/shares")],
        "folders": [(row["path"], row["project"]) for row in get("/api/v2/watched-folders")],
        "connections": [row["key"] for row in get("/api/config/ssh_connections")["connections"]],
        "widths": get("/api/config/column-widths", table="runs", size="large")["widths"],
    }


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run_module(["runicorn", *words], environment(home), home)


def changes(home: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home / "data" / "server.sqlite3", timeout=30)) as rows:
        query = "SELECT user, method, path, about, is_admin FROM people_change ORDER BY id"
        return rows.execute(query).fetchall()


def test_users_rules_links_and_events_of_7bc97a0c_are_imported_once_and_outlive_the_index(
    home: Path, folder: Path
) -> None:
    note = unpacked("7bc97a0c", home, folder)
    before = {name: (home / "config" / name).read_bytes() for name in ONCE}
    (event,) = note["event"]
    whole = {
        "link": 200,
        "events": [(event["id"], event["rule_id"], FIRED, True, event["at"])],
        "rules": [(2, "exploded", [1])],
        "channels": [(1, "hook", False)],
        "shares": [("run", RUN, "ada")],
        "folders": [("/store-theirs", "theirs")],
        "connections": ["me@gpu.example.org:2222@me"],
        "widths": {"name": 220},
    }
    # A command may come before the first start, which makes the tables of the index.
    users = json.loads(command(home, "user", "list", "--json").stdout)["users"]
    assert [(user["name"], user["role"]) for user in users] == [("ada", "admin"), ("bo", "read")]
    assert [row[1] for row in changes(home)][:3] == ["ADD", "ADD", "ROLE"] and all(
        row[4] for row in changes(home)
    )
    lines = changes(home)
    for is_without_index in (False, False, True):
        if is_without_index:
            for file in (home / "data").glob("runicorn.sqlite3*"):
                file.unlink()
        viewer = FirstViewer(folder, home, "--users", RUNICORN_RATE_LIMIT="off")
        try:
            viewer.wait_until_it_answers()
            until(
                lambda url=viewer.url: (
                    requests.get(url + "/s/" + note["link"].partition("/s/")[2], timeout=30).status_code
                    == 200
                )
            )
            until(lambda url=viewer.url: user_data(url, note) == whole)
            assert "Traceback" not in viewer.output
        finally:
            viewer.stop()
    assert "old" in command(home, "token", "list").stdout
    assert (
        changes(home)[: len(lines)] == lines
        and len([row for row in changes(home) if row[:3] == lines[0][:3]]) == 2
    )
    assert {name: (home / "config" / name).read_bytes() for name in ONCE} == before


def test_a_run_with_an_event_that_was_in_the_index_can_vanish(home: Path, folder: Path) -> None:
    note = unpacked("7bc97a0c", home, folder)
    rmtree(folder / "vision")
    viewer = FirstViewer(folder, home, "--users", RUNICORN_RATE_LIMIT="off")
    try:
        viewer.wait_until_it_answers()
        headers = {"Authorization": f"Bearer {note['token']}"}
        until(lambda: requests.get(f"{viewer.url}/api/runs", headers=headers, timeout=30).json() == [])
        events = requests.get(f"{viewer.url}/api/v2/alerts/events", headers=headers, timeout=30).json()
        assert [event["run_id"] for event in events["events"]] == [FIRED]
        assert "Traceback" not in viewer.output
    finally:
        viewer.stop()


def test_preferences_and_connections_of_7e3e9fca_are_imported_and_written_for_it(
    start_viewer: Callable[..., Viewer], folder: Path, home: Path
) -> None:
    unpacked("7e3e9fca", home, folder)
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    query = {"table": "runs", "size": "large"}
    assert viewer.get("/api/config/column-widths", params=query).json()["widths"] == {"name": 220}
    (connection,) = viewer.get("/api/config/ssh_connections").json()["connections"]
    assert (connection["key"], connection["name"]) == ("me@gpu.example.org:2222@me", "big")
    viewer.post("/api/config/column-widths", json={**query, "widths": {"name": 300}})
    viewer.delete(f"/api/config/ssh_connections/{connection['key']}")
    content = json.loads((home / "config" / "ui_preferences.json").read_text())
    assert content["column_widths"]["runs@large"]["widths"] == {"name": 300}
    assert json.loads((home / "config" / "connections.json").read_text()) == []


TOKENS = {"tokens": [{"name": "ci", "owner": "me", "scope": "read", "digest": "d" * 64, "created_at": 1.0}]}


@pytest.mark.django_db
def test_an_import_that_is_killed_is_repeated_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps(TOKENS))

    def killed(*words: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(legacy_files, "_note", killed)
        with pytest.raises(KeyboardInterrupt):
            import_once(file, legacy_import.import_tokens)
    assert not ApiToken.objects.exists()
    for _ in range(2):
        import_once(file, legacy_import.import_tokens)
        assert ApiToken.objects.count() == 1
    ApiToken.objects.all().delete()  # revoked
    file.write_text(json.dumps(TOKENS, indent=1))
    import_once(file, legacy_import.import_tokens)
    assert not ApiToken.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content", ["{", "[]", '{"tokens": [{"name": 1}]}', '{"tokens": [{"scope": "all"}]}', '{"tokens": 7}']
)
def test_a_damaged_file_is_reported_and_imported_once_it_is_repaired(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(content)
    with caplog.at_level(logging.ERROR):
        import_once(file, legacy_import.import_tokens)
    assert "tokens.json is damaged and was not imported" in caplog.text and not ApiToken.objects.exists()
    file.write_text(json.dumps(TOKENS))
    import_once(file, legacy_import.import_tokens)
    assert ApiToken.objects.count() == 1
