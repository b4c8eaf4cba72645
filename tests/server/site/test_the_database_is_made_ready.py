from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from runicorn_site.database import state_dir
from runicorn_site.database.file import choose
from runicorn_site.database.prepare import is_sound
from tests.processes import Viewer

KNOWN = frozenset({("runs", "0001_initial")})


def database_of(home: Path) -> Path:
    """Where a viewer of this user keeps its database."""
    return home / "data" / "runicorn.sqlite3"


def migrate(path: Path, *names: str) -> None:
    """Write into a database that these migrations of `runs` were applied."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS django_migrations (app TEXT, name TEXT)")
        database.executemany("INSERT INTO django_migrations VALUES ('runs', ?)", [(name,) for name in names])


@pytest.mark.django_db
def test_migrations_keep_the_triggers_and_the_statistics_of_runs() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its own statistics")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        assert cursor.fetchall() == [("runs_search_delete",), ("runs_search_update",)]
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'runs_run'"
            " EXCEPT SELECT idx FROM sqlite_stat1"
        )
        assert cursor.fetchall() == []


def test_an_older_or_equal_database_is_used(tmp_path: Path) -> None:
    usual = tmp_path / "runicorn.sqlite3"
    assert choose(tmp_path, KNOWN) == usual
    migrate(usual, "0001_initial")
    assert choose(tmp_path, KNOWN) == usual
    assert choose(tmp_path, KNOWN | {("runs", "0002_search")}) == usual


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    migrate(tmp_path / "runicorn.sqlite3", "0001_initial", "0002_search")
    own = choose(tmp_path, KNOWN)
    assert own.parent == tmp_path
    assert own.name != "runicorn.sqlite3"
    assert choose(tmp_path, KNOWN) == own


def test_the_viewer_uses_its_own_file_beside_a_newer_one(
    start_viewer: Callable[..., Viewer], home: Path
) -> None:
    (home / "data").mkdir(parents=True)
    migrate(database_of(home), "9999_from_the_future")
    before = database_of(home).read_bytes()
    viewer = start_viewer()
    assert viewer.get("/api/health").json()["status"] == "ok"
    assert database_of(home).read_bytes() == before
    assert len(list((home / "data").glob("runicorn-*.sqlite3"))) == 1


@pytest.mark.parametrize("where", [0, pytest.param(30_000, marks=pytest.mark.torture)])
def test_a_damaged_database_is_moved_aside_and_rebuilt(
    start_viewer: Callable[..., Viewer], home: Path, folder: Path, make_run: Callable[..., str], where: int
) -> None:
    run_id = make_run(folder)
    start_viewer().stop()
    path = database_of(home)
    with path.open("r+b") as file:
        file.seek(where)
        file.write(b"\xff" * 50_000)
    viewer = start_viewer()
    assert viewer.get(f"/api/runs/{run_id}").json()["id"] == run_id
    assert len(list((home / "data").glob("*.damaged-*.sqlite3"))) == 1
    assert "The database was damaged" in viewer.output


def test_damage_found_later_is_repaired_at_the_next_start(
    start_viewer: Callable[..., Viewer], home: Path
) -> None:
    start_viewer().stop()
    database_of(home).with_suffix(".damaged").touch()
    viewer = start_viewer()
    assert "The database was damaged" in viewer.output
    assert not database_of(home).with_suffix(".damaged").exists()


def test_integrity_is_checked_quickly_and_without_changes(tmp_path: Path) -> None:
    path = tmp_path / "database"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE big (text TEXT)")
        database.executemany("INSERT INTO big VALUES (?)", [("x" * 1000,)] * 1000)
    before = path.read_bytes()
    assert is_sound(path)
    assert path.read_bytes() == before
    path.write_bytes(before[:5000])
    assert not is_sound(path)


class FirstViewer(Viewer):
    """The viewer of a user who had none before."""

    first = True


@pytest.fixture
def first_viewer(folder: Path, home: Path) -> Iterator[Viewer]:
    """A viewer that had to make its database."""
    viewer = FirstViewer(folder, home)
    yield viewer.wait_until_it_answers()
    viewer.stop()


def test_page_size_and_journal_mode_are_set(first_viewer: Viewer, home: Path) -> None:
    with closing(sqlite3.connect(f"file:{database_of(home)}?mode=ro", uri=True)) as database:
        assert database.execute("PRAGMA page_size").fetchone() == (8192,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_first_viewer_shows_what_is_there(
    first_viewer: Viewer, folder: Path, make_run: Callable[..., str]
) -> None:
    run_id = make_run(folder, metrics=[{"loss": 1.0}])
    assert first_viewer.get(f"/api/runs/{run_id}").json()["id"] == run_id
    assert first_viewer.get(f"/api/runs/{run_id}/metrics").json()["total"] == 1


def test_a_home_on_a_network_keeps_no_database(
    monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(state_dir, "LOCAL_STATE", tmp_path / "var-tmp")
    assert state_dir.state_directory() == home / "data"
    monkeypatch.setattr("runicorn._platform.is_network_filesystem", lambda path: True)
    away = state_dir.state_directory()
    assert away.is_relative_to(tmp_path / "var-tmp")
    assert away.stat().st_mode & 0o777 == 0o700
    assert away.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_another_user_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    with pytest.raises(state_dir.UnsafeDirectory):
        state_dir.private_directory(tmp_path / "link", follow_links=False)


def test_the_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    key = state_dir.secret_key(tmp_path)
    assert len(key) == 64
    assert state_dir.secret_key(tmp_path) == key
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]
