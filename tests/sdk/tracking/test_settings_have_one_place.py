"""Where the store, the configuration and the list of viewers are."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import _platform
from runicorn.settings import user
from runicorn.store import layout
from runicorn.tracking import switch
from tests.sdk.tracking.scripts import Recorded

Env = pytest.MonkeyPatch


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_store_is_the_argument_else_the_environment_else_the_configuration_else_here(
    tmp_path: Path, monkeypatch: Env
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNICORN_DIR", raising=False)
    assert user.storage_root() == tmp_path / ".runicorn"
    user.write_user_config({"user_root_dir": "~/runs"})
    assert user.storage_root() == Path.home().resolve() / "runs"
    monkeypatch.setenv("RUNICORN_DIR", str(tmp_path / "env"))
    assert user.storage_root() == user.storage_root("") == tmp_path / "env"
    assert user.storage_root(tmp_path / "arg") == user.storage_root("arg") == tmp_path / "arg"


def test_links_in_its_path_are_resolved(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert user.storage_root(tmp_path / "link" / "x") == tmp_path / "real" / "x"


def test_a_store_that_is_no_path_raises() -> None:
    with pytest.raises(TypeError):
        user.storage_root(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, 3, "", ["x"]])
def test_a_configured_root_that_is_no_text_means_nothing(
    value: object, tmp_path: Path, monkeypatch: Env
) -> None:
    monkeypatch.chdir(tmp_path)
    (user.config_directory() / "config.json").write_text(json.dumps({"user_root_dir": value}))
    assert user.storage_root() == tmp_path / ".runicorn"


def test_folders_and_files_are_the_users_alone(home: Path) -> None:
    user.write_user_config({"a": 1})
    note = user.register_viewer("http://127.0.0.1:1", home, token_needed=True)
    assert _mode(user.config_directory()) == _mode(user.data_directory()) == _mode(note.parent) == 0o700
    assert _mode(user.config_directory() / "config.json") == _mode(note) == 0o600


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path, monkeypatch: Env) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    monkeypatch.setenv("RUNICORN_CONFIG_DIR", str(tmp_path / "open"))
    assert _mode(user.config_directory()) == 0o700
    user.write_user_config({"a": 1})
    (tmp_path / "open").chmod(0o755)
    assert _mode(user.config_directory()) == 0o700  # there is nothing in it but ours


@pytest.mark.parametrize(("mode", "foreign"), [(0o1777, False), (0o755, True), (0o2775, True)])
def test_a_folder_that_people_share_is_left_as_it_is(
    tmp_path: Path, monkeypatch: Env, mode: int, foreign: bool
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    if foreign:
        (shared / "notes.txt").write_text("for all")
        (shared / "notes.txt").chmod(0o644)
    shared.chmod(mode)
    monkeypatch.setenv("RUNICORN_CONFIG_DIR", str(shared))
    user.write_user_config({"a": 1})
    assert _mode(shared) == mode and _mode(shared / "config.json") == 0o600


def test_unknown_keys_of_the_configuration_stay_and_none_removes() -> None:
    path = user.config_directory() / "config.json"
    path.write_text(json.dumps({"ssh_connections": [{"host": "x"}], "b": 1}))
    user.write_user_config({"user_root_dir": "/x", "b": None})
    assert user.read_user_config() == {"ssh_connections": [{"host": "x"}], "user_root_dir": "/x"}


def test_a_configuration_that_is_a_link_is_read_and_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles.json").write_text('{"a": 1}')
    path = user.config_directory() / "config.json"
    path.symlink_to(tmp_path / "dotfiles.json")
    user.write_user_config({"b": 2})
    assert path.is_symlink() and user.read_user_config() == {"a": 1, "b": 2}


def test_a_damaged_configuration_is_empty() -> None:
    (user.config_directory() / "config.json").write_text("{")
    assert user.read_user_config() == {}


def test_the_usual_places_follow_the_systems_rules(monkeypatch: Env) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/cfg")
    monkeypatch.setenv("XDG_DATA_HOME", "relative is ignored")
    assert _platform.config_home() == Path("/cfg/runicorn")
    assert _platform.data_home() == Path.home() / ".local/share/runicorn"


def test_a_variable_that_is_not_in_the_table_is_a_mistake(monkeypatch: Env) -> None:
    monkeypatch.setenv("RUNICORN_MODE", "")
    assert user.get("RUNICORN_MODE") == "online"
    with pytest.raises(KeyError):
        user.get("RUNICORN_NOTHING")


def test_a_viewer_is_listed_while_it_runs(folder: Path) -> None:
    note = user.register_viewer("http://127.0.0.1:23300", folder, token_needed=False)
    (viewer,) = user.running_viewers()
    assert (viewer["url"], viewer["root"], viewer["pid"]) == (
        "http://127.0.0.1:23300",
        str(folder),
        os.getpid(),
    )
    note.unlink()
    assert user.running_viewers() == []


@pytest.mark.parametrize(
    "change",
    [
        {"pid": 2**22 + 1},
        {"process_start": 1.0},
        {"boot_id": "another"},
        {"machine_id": "another"},
        {"pid_namespace": "another"},
        {"pid": "x"},
        {"url": None},
        {"started_at": "yesterday"},
    ],
)
def test_a_note_of_another_or_ended_process_is_ignored(folder: Path, change: dict[str, object]) -> None:
    note = user.register_viewer("http://127.0.0.1:23300", folder, token_needed=False)
    layout.write_json(note, layout.read_json(note)[0] | change)
    (note.parent / "torn.json").write_text("{")
    assert user.running_viewers() == []


@pytest.mark.parametrize(("mode", "variable"), [("offline", "online"), (None, "offline")])
def test_an_offline_run_is_stored_here_and_not_uploaded(
    begin: Callable[..., rn.Run], monkeypatch: Env, mode: str | None, variable: str
) -> None:
    monkeypatch.setenv("RUNICORN_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("RUNICORN_MODE", variable)
    run = begin(mode=mode)
    run.log({"loss": 1.0})
    run.finish()
    assert run.upload is None and Recorded(run.run_dir).steps() == [1]
    assert not switch.is_offline("online") and not switch.is_silent(mode)
