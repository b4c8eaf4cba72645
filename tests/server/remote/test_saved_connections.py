from __future__ import annotations

import base64
import json
import os
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from rest_framework.test import APIClient

from remote.connections import repository
from runicorn.settings.user import read_user_config
from runicorn_site.database.imports import import_legacy
from runicorn_site.web import encryption
from tests.secrecy import secret

SECRET = f"{secret()} & 3"
ONE = "/api/config/ssh_connections"
ALL = "/api/remote/connections/saved"

pytestmark = pytest.mark.usefixtures("home", "no_limits")


@pytest.fixture
def no_limits(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setenv("RUNICORN_RATE_LIMIT", "off")


@pytest.fixture
def configuration(home: Path) -> Path:
    """The configuration directory, created."""
    folder = home / "config"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def login(**more: Any) -> dict[str, Any]:
    return {"host": "gpu.example.org", "username": "me", "auth_method": "password"} | more


def keep(api: APIClient, **more: Any) -> Any:
    return api.post(ONE, login(password=SECRET, remember_password=True, **more), format="json")


def opened(key: str = "me@gpu.example.org:22@me") -> Any:
    return repository.credentials(repository.saved_connection(key))


def test_a_connection_is_saved_and_saved_again(api: APIClient) -> None:
    answer = keep(api, name="the big one")
    assert answer.status_code == 201
    assert answer.json() == {
        "ok": True,
        "message": "SSH connection saved successfully",
        "key": "me@gpu.example.org:22@me",
    }
    assert keep(api, name="the bigger one").status_code == 200
    assert api.get(ONE).json() == {
        "connections": [
            {
                "key": "me@gpu.example.org:22@me",
                "host": "gpu.example.org",
                "port": 22,
                "username": "me",
                "name": "the bigger one",
                "auth_method": "password",
                "remember_password": True,
                "private_key_path": None,
                "has_password": True,
                "has_private_key": False,
                "has_passphrase": False,
            }
        ]
    }


def test_a_secret_is_in_no_response_and_no_file_but_can_be_used(api: APIClient, configuration: Path) -> None:
    key = keep(api).json()["key"]
    answers = [api.get(url).content for url in (ONE, ALL, f"{ONE}/{key}/details")]
    files = [file.read_bytes() for file in configuration.iterdir()]
    assert all(SECRET.encode() not in content for content in answers + files)
    assert opened().password == SECRET
    assert SECRET not in repr(opened()) + repr(repository.saved_connection(key))
    modes = {file.name: file.stat().st_mode & 0o777 for file in configuration.iterdir()}
    assert modes["connections.json"] == modes[".secret.key"] == 0o600


def test_a_password_is_kept_only_when_it_is_to_be_remembered(api: APIClient) -> None:
    keep(api)
    api.post(ONE, login(password=SECRET), format="json")
    assert api.get(ONE).json()["connections"][0]["has_password"] is False
    assert opened().password is None


def test_a_change_without_the_secret_keeps_the_stored_one(api: APIClient) -> None:
    keep(api)
    assert api.post(ONE, login(name="x", remember_password=True), format="json").status_code == 200
    assert opened().password == SECRET


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"auth_method": "password"}, "password"),
        ({"auth_method": "key"}, "private_key_path"),
        ({"auth_method": "smoke signals"}, "auth_method"),
        ({"auth_method": "agent", "host": "-oProxyCommand=x"}, "host"),
        ({"auth_method": "agent", "username": "a b"}, "username"),
        ({"auth_method": "agent", "port": 0}, "port"),
        ({"auth_method": "agent", "remember_password": "yes"}, "remember_password"),
    ],
)
def test_missing_or_invalid_fields_are_named_and_nothing_is_saved(
    api: APIClient, body: dict[str, Any], field: str
) -> None:
    answer = api.post(ONE, login() | body, format="json")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert api.get(ONE).json() == {"connections": []}


@pytest.mark.parametrize(
    "key", ["me@gpu.example.org:22@me", "me@gpu.example.org:22", "gpu.example.org:22@me"]
)
def test_a_key_of_any_older_form_is_understood(api: APIClient, key: str) -> None:
    keep(api)
    assert api.get(f"{ONE}/{key}/details").json()["connection"]["host"] == "gpu.example.org"
    answer = api.delete(f"{ONE}/{key}")
    assert answer.json() == {"ok": True, "message": "SSH connection deleted successfully"}
    assert api.get(f"{ONE}/{key}/details").status_code == api.delete(f"{ONE}/{key}").status_code == 404


def test_all_connections_are_replaced_at_once_and_missing_secrets_are_kept(api: APIClient) -> None:
    keep(api)
    api.post(ONE, login(host="other.example.org", auth_method="agent"), format="json")
    items = [
        {"host": "gpu.example.org", "port": 22, "username": "me", "authMethod": "password", "color": "red"},
        {"host": "new.example.org", "username": "you", "password": SECRET + "!"},
    ]
    assert api.post(ALL, items, format="json").json()["message"] == "Connections saved successfully"
    first, second = api.get(ALL).json()["connections"]
    assert (first["host"], first["color"], first["has_password"]) == ("gpu.example.org", "red", True)
    assert (second["host"], second["auth_method"], second["has_password"]) == (
        "new.example.org",
        "password",
        True,
    )
    assert opened().password == SECRET
    assert opened("you@new.example.org:22").password == SECRET + "!"


def test_a_connection_without_a_method_keeps_its_method(api: APIClient) -> None:
    keep(api)
    api.post(
        ALL, [{"host": "gpu.example.org", "username": "me", "password": None, "name": "x"}], format="json"
    )
    (only,) = api.get(ALL).json()["connections"]
    assert (only["name"], only["auth_method"], only["has_password"]) == ("x", "password", True)


@pytest.mark.parametrize("body", [{}, "x", [1], [{"host": "a b", "username": "me"}], [{}] * 201])
def test_a_list_with_an_invalid_item_changes_nothing(api: APIClient, body: Any) -> None:
    keep(api)
    assert api.post(ALL, body, format="json").status_code == 400
    assert len(api.get(ONE).json()["connections"]) == 1


def test_connections_saved_by_runicorn_05_are_migrated(api: APIClient, configuration: Path) -> None:
    key, clear = Fernet.generate_key(), secret()
    (configuration / ".secret.key").write_bytes(key)
    entry = {
        "host": "a.example.org",
        "port": 2222,
        "username": "me",
        "password": Fernet(key).encrypt(SECRET.encode()).decode(),
        "passphrase": clear,
    }
    (configuration / "connections.json").write_text(json.dumps([entry, "what is this?"]))
    mask = os.urandom(32)
    (configuration / ".credential_key").write_bytes(mask)
    mixed = bytes(byte ^ other for byte, other in zip(SECRET.encode(), cycle(mask), strict=False))
    older = {
        "host": "b.example.org",
        "port": 22,
        "username": "me",
        "auth_method": "password",
        "remember_password": True,
        "password": "ENC:" + base64.b64encode(mixed).decode(),
    }
    (configuration / "config.json").write_text(
        json.dumps({"user_root_dir": "/r", "ssh_connections": [older]})
    )

    import_legacy()
    assert [connection["host"] for connection in api.get(ONE).json()["connections"]] == [
        "a.example.org",
        "b.example.org",
    ]
    assert opened("me@a.example.org:2222").password == opened("me@b.example.org:22").password == SECRET
    assert read_user_config() == {"user_root_dir": "/r"}
    content = (configuration / "connections.json").read_text()
    assert clear not in content and "ENC:" not in content and "what is this?" in content
    import_legacy()
    assert len(api.get(ONE).json()["connections"]) == 2
    assert opened("me@b.example.org:22").password == SECRET


def test_a_damaged_file_is_renamed_by_the_next_change(api: APIClient, configuration: Path) -> None:
    (configuration / "connections.json").write_text("[{")
    import_legacy()
    assert api.get(ONE).json() == {"connections": []}
    assert keep(api).status_code == 201
    assert len(api.get(ONE).json()["connections"]) == 1
    (aside,) = configuration.glob("connections.json.damaged-*")
    assert aside.read_text() == "[{"


def test_a_secret_whose_key_is_gone_is_asked_for_again(api: APIClient, configuration: Path) -> None:
    keep(api)
    (configuration / ".secret.key").write_bytes(Fernet.generate_key())
    with pytest.raises(Exception, match="cannot be decrypted"):
        opened()


def test_an_invalid_key_file_is_renamed(configuration: Path) -> None:
    (configuration / ".secret.key").write_text("no key at all")
    sealed = encryption.encrypt("x")
    assert encryption.decrypt(sealed) == "x"
    assert (configuration / ".secret.key.damaged").read_text() == "no key at all"
