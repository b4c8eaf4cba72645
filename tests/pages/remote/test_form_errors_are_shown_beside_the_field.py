"""An invalid form is shown again with an error and the values typed, but without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from remote.connections import repository
from remote.pages.urls import page_patterns
from remote.ssh.loop import LoopThread
from runicorn_site.transport.routing import pool_at
from tests.processes import free_port
from tests.secrecy import secret
from tests.sshd import Sshd

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]
SECRET = secret()
HERE = {"host": "127.0.0.1", "port": "22", "username": "me"}


def test_a_wrong_password_is_reported_and_neither_saved_nor_shown(
    client: Client, known_sshd: Sshd, remote_loop: LoopThread
) -> None:
    form = {"host": known_sshd.host, "port": str(known_sshd.port), "username": known_sshd.username}
    answer = client.post("/remote/host", form | {"way": "password", "password": SECRET, "keep": "1"})
    page = answer.content.decode()
    assert answer.status_code == 401 and f"Authentication failed for {known_sshd.username}@" in page
    assert f'value="{known_sshd.port}"' in page and SECRET not in page
    assert repository.saved_connections() == []


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"host": "-oProxyCommand=x"}, "host", "Must be a name like"),
        ({"port": "0x16"}, "port", "Enter a port from 1 to 65535."),
        ({"port": "70000"}, "port", "Enter a port from 1 to 65535."),
        ({"username": "a b"}, "username", "no space or control character"),
        ({"way": "password"}, "password", "Enter the password."),
        ({"way": "key_text"}, "private_key", "Paste the whole text of the key"),
        ({"way": "key_file"}, "private_key_path", "Enter the path of the key file"),
        (
            {"way": "key_file", "private_key_path": "/no/such/key"},
            "private_key_path",
            "Not a readable private key",
        ),
        ({"name": "n" * 201, "way": "agent"}, "name", "Enter at most 200 characters."),
    ],
)
def test_each_field_says_what_is_wrong_with_it(
    client: Client, remote_loop: LoopThread, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = client.post("/remote/host", HERE | typed)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in page.split(f'id="error-{field}"')[1]


def test_an_unreachable_host_is_reported_and_not_logged_as_an_error_of_this_server(
    client: Client, remote_loop: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    form = HERE | {"port": str(free_port()), "way": "password", "password": "x"}
    answer = client.post("/remote/host", form)
    assert answer.status_code == 400 and 'role="alert"' in answer.content.decode()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_password_that_was_not_remembered_is_asked_for(client: Client, remote_loop: LoopThread) -> None:
    form = HERE | {"way": "password", "name": "the big one", "save": "1"}
    assert client.post("/remote/host", form)["Location"] == "/remote?notice=saved"
    (connection,) = repository.saved_connections()
    answer = client.post("/remote/host/connect", {"key": connection.key})
    page = answer.content.decode()
    assert answer.status_code == 400 and "Enter the password." in page and "the big one" in page


def test_a_host_that_was_not_saved_is_connected_by_its_filled_in_form(client: Client, home: Path) -> None:
    page = client.post("/remote/host/connect", {"key": "me@gpu.example.org:2222"}).content.decode()
    assert all(f'value="{value}"' in page for value in ("me", "gpu.example.org", "2222"))
    assert client.post("/remote/host/connect", {"key": "no address"}).status_code == 404


def test_a_remembered_secret_stays_while_the_rest_is_edited(client: Client, home: Path) -> None:
    form = HERE | {"way": "password", "password": SECRET, "remember": "1", "save": "1"}
    client.post("/remote/host", form)
    (connection,) = repository.saved_connections()
    page = client.get("/remote/host", {"key": connection.key}).content.decode()
    assert 'placeholder="saved"' in page and SECRET not in page
    client.post("/remote/host", form | {"key": connection.key, "password": "", "name": "renamed"})
    (connection,) = repository.saved_connections()
    assert (connection.name, repository.credentials(connection).password) == ("renamed", SECRET)
    # It is not kept for another address, which may belong to another user.
    client.post("/remote/host", form | {"key": connection.key, "password": "", "host": "127.0.0.2"})
    (connection,) = repository.saved_connections()
    assert (connection.address.host, repository.credentials(connection).password) == ("127.0.0.2", None)
    client.post("/remote/host/forget", {"key": connection.key})
    assert repository.saved_connections() == []


def test_known_and_saved_hosts_are_removed_in_the_settings(
    store: Path, client: Client, known_sshd: Sshd
) -> None:
    client.post("/remote/host", HERE | {"way": "agent", "save": "1"})
    page = client.get("/settings").content.decode()
    assert "me@127.0.0.1:22" in page and f"[127.0.0.1]:{known_sshd.port}" in page and "SHA256:" in page
    client.post("/settings/hosts/forget", {"key": "me@127.0.0.1:22@me"})
    key = {"host": "127.0.0.1", "port": str(known_sshd.port), "key_type": "ssh-ed25519"}
    assert client.post("/settings/keys/remove", key).status_code == 302
    page = client.get("/settings").content.decode()
    assert "me@127.0.0.1:22" not in page and "SHA256:" not in page


def test_forms_require_the_csrf_token_and_waiting_views_run_on_their_own_pool(home: Path) -> None:
    strict = Client(enforce_csrf_checks=True)
    for address in ("/remote/host", "/remote/host/connect", "/remote/machine/disconnect", "/remote/viewers"):
        assert strict.post(address, HERE).status_code == 403
    others = dict.fromkeys(("remote-viewer", "remote-open-viewer"), "quick")  # these respond from memory
    others |= dict.fromkeys(("remote", "remote-forget-host"), "blocking")  # a disk, but no remote host
    for pattern in page_patterns:
        path = "/" + str(pattern.pattern).replace("<str:session_id>", "x").replace("<str:handle>", "x")
        assert pool_at(path) == others.get(pattern.name, "remote"), path


def test_connections_and_viewers_that_are_gone_are_no_error(client: Client, remote_loop: LoopThread) -> None:
    assert client.post("/remote/viewers/none/stop").status_code == 302
    assert client.post("/remote/machine/disconnect", {"connection": "a@b:22"}).status_code == 302
    assert client.post("/remote/host/forget", {"key": "none"}).status_code == 302
    for address in ("/remote/machine?connection=a@b:22", "/remote/start", "/remote/folders?connection=x"):
        assert client.get(address).status_code == 404, address
    assert client.get("/remote/viewers/none").status_code == 404
    assert client.get("/remote/viewers/none/open").status_code == 404
