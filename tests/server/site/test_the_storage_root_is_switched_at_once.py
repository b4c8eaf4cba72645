from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from runicorn._version import __version__
from runicorn.settings import user
from runicorn_site.api import storage_root

ROUTE = "/api/config/user_root_dir"


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten switches a minute are few for a file of tests."""
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")


def switch(api: APIClient, path: Any) -> tuple[int, dict[str, Any]]:
    """Ask for another root: status and body."""
    answer = api.post(ROUTE, json.dumps({"path": path}), content_type="application/json")
    return answer.status_code, answer.json()


def test_nothing_is_configured_at_first(store: Path, home: Path, api: APIClient) -> None:
    assert api.get("/api/config").json() == {
        "user_root_dir": "",
        "storage": str(store),
        "config_file": str(home / "config" / "config.json"),
        "version": __version__,
    }


def test_pages_api_and_sdk_see_the_new_root(
    store: Path, home: Path, tmp_path: Path, make_run: Callable[..., str], api: APIClient
) -> None:
    make_run(store, name="earlier-one")
    other = tmp_path / "other"
    run_id = make_run(other, name="after")
    status, answer = switch(api, str(other))
    assert (status, answer["ok"], answer["user_root_dir"], answer["storage"]) == (
        200,
        True,
        str(other),
        str(other),
    )
    assert answer["message"] == "User root directory updated successfully"
    assert [run["id"] for run in api.get("/api/runs?limit=10").json()] == [run_id]
    page = api.get("/").content.decode()
    assert "after" in page
    assert "earlier-one" not in page
    assert user.storage_root() == other
    config = api.get("/api/config").json()
    assert (config["user_root_dir"], config["storage"]) == (str(other), str(other))
    file = home / "config" / "config.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"user_root_dir": str(other)}


def test_a_missing_folder_is_made_and_a_tilde_is_the_home(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: APIClient
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    status, answer = switch(api, "~/made/for me")
    assert (status, answer["storage"]) == (200, str(tmp_path / "made" / "for me"))
    assert (tmp_path / "made" / "for me").is_dir()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "Invalid path: This field may not be blank."),
        (None, "Invalid path: This field may not be null."),
        ([], "Invalid path: Not a valid string."),
        ("runs", "Invalid path: it must be absolute, or begin with ~"),
        ("$HOME/runs", "Invalid path: it must be absolute, or begin with ~"),
        ("~nobody-of-that-name/runs", "Invalid path: it must be absolute, or begin with ~"),
        ("/\udc80", "Invalid path: Surrogate characters are not allowed"),
        ("/a\0b", "Invalid path: Null characters are not allowed"),
        ("/" + "x" * 300, "Invalid path: File name too long"),
        ("/" + "x" * 5000, "Invalid path: Ensure this field has no more than 4096 characters."),
        (__file__, f"Invalid path: {__file__} is not a folder"),
        (f"{__file__}/below", f"Invalid path: {__file__} is not a folder"),
        ("/proc/runicorn", "Invalid path: "),
    ],
)
def test_a_bad_path_changes_nothing(store: Path, home: Path, path: Any, reason: str, api: APIClient) -> None:
    status, answer = switch(api, path)
    assert status == 400
    assert answer["detail"].startswith(reason)
    assert list(answer["errors"]) == ["path"]
    assert not (home / "config" / "config.json").exists()
    assert api.get("/api/health").json()["storage"] == str(store)


def test_environment_variables_are_not_expanded(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: APIClient
) -> None:
    monkeypatch.setenv("SOMEWHERE", "elsewhere")
    assert switch(api, f"{tmp_path}/$SOMEWHERE")[1]["storage"] == f"{tmp_path}/$SOMEWHERE"


def test_a_configuration_that_cannot_be_written_switches_nothing(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = APIClient(raise_request_exception=False)
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("RUNICORN_CONFIG_DIR", str(blocked / "config"))
    status, answer = switch(api, str(tmp_path / "other"))
    assert status == 503
    assert answer["detail"] == "The configuration could not be written: Not a directory"
    assert api.get("/api/health").json()["storage"] == str(store)


def test_checking_a_folder_describes_it(tmp_path: Path, make_run: Callable[..., str]) -> None:
    make_run(tmp_path / "there")
    make_run(tmp_path / "there")
    look = storage_root.inspect(tmp_path / "there")
    assert (look.exists, look.writable, look.runs) == (True, True, 2)
    assert look.free and look.free > 0
    look = storage_root.inspect(tmp_path / "not" / "there")
    assert (look.exists, look.writable, look.runs) == (False, True, 0)


def test_the_note_of_this_viewer_names_the_new_root(store: Path, tmp_path: Path, api: APIClient) -> None:
    user.register_viewer("http://127.0.0.1:1", store, token_needed=False)
    switch(api, str(tmp_path / "other"))
    assert [note["root"] for note in user.running_viewers()] == [str(tmp_path / "other")]
