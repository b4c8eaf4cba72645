from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

from runicorn.settings import capabilities
from tests.processes import Viewer


@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("root-change", "post", "/api/config/user_root_dir", {"path": "/tmp/elsewhere"}),
        ("permanent-deletion", "post", "/api/recycle-bin/empty", {"confirm": True}),
        (
            "ssh-keys",
            "post",
            "/api/remote/connect",
            {"host": "127.0.0.1", "port": 9, "username": "me", "private_key_path": "/root/.ssh/id"},
        ),
        ("ssh-agent", "post", "/api/remote/connect", {"host": "127.0.0.1", "port": 9, "username": "me"}),
    ],
)
def test_what_is_switched_off_is_refused(
    name: str,
    method: str,
    path: str,
    body: dict[str, object],
    store: Path,
    api: APIClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert getattr(api, method)(path, body).status_code != 403
    monkeypatch.setenv("RUNICORN_DISABLE", f"{name}, import")
    answer = getattr(api, method)(path, body)
    assert answer.status_code == 403
    assert f"switched off on this viewer ({name})" in answer.json()["detail"]


def test_all_three_places_switch_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "_from_options", set())
    assert capabilities.disabled() == set()
    monkeypatch.setenv("RUNICORN_DISABLE", "import")
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "config.json").write_text(json.dumps({"disable": ["ssh-agent"]}))
    capabilities.disable(["root-change"])
    assert capabilities.disabled() == {"import", "ssh-agent", "root-change"}
    for name in capabilities.disabled():
        with pytest.raises(capabilities.SwitchedOff):
            capabilities.require(name)
    capabilities.require("permanent-deletion")


def test_a_saved_password_is_not_used_where_that_is_switched_off(
    home: Path, store: Path, api: APIClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = {"host": "127.0.0.1", "port": 9, "username": "me"}
    secret = {"auth_method": "password", "password": "hunter2", "remember_password": True}
    key = api.post("/api/config/ssh_connections", {**address, **secret}).json()["key"]

    def connect() -> tuple[int, str]:
        page = client.post("/remote/host", {**address, "key": key, "way": "password", "remember": "on"})
        return page.status_code, page.content.decode()

    assert connect()[0] != 403  # no SSH here: the password was read before
    monkeypatch.setenv("RUNICORN_DISABLE", "saved-passwords")
    status, page = connect()
    assert status == 403 and "switched off on this viewer (saved-passwords)" in page


def test_an_import_is_refused_by_the_option(
    start_viewer: Callable[..., Viewer], folder: Path, tmp_path: Path
) -> None:
    viewer = start_viewer(folder, "--disable", "import", "--disable", "saved-passwords")
    answer = viewer.post("/api/import/archive", files={"file": ("a.zip", b"PK")})
    assert answer.status_code == 403 and "Import archives" in answer.json()["detail"]


def test_the_settings_page_lists_what_is_off(
    store: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def capabilities_section() -> str:
        return client.get("/settings").content.decode().partition("<dt>Disabled</dt>")[2][:200]

    assert "none" in capabilities_section()
    monkeypatch.setenv("RUNICORN_DISABLE", "root-change,import")
    assert "import, root-change" in capabilities_section()
    monkeypatch.setenv("RUNICORN_DISABLE", "coffee")
    assert "disable: coffee" in capabilities_section()


def test_an_unknown_capability_is_refused_at_the_start(home: Path, folder: Path) -> None:
    viewer = Viewer(folder, home, "--disable", "coffee")
    assert viewer.process.wait(60) == 2
    assert "Choose from ssh-keys, ssh-agent" in viewer.output
