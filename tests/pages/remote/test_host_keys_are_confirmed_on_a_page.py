"""A question is shown for an unknown or changed host key; the answer resumes the action and carries no secret."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.test import Client

from remote.connections import repository
from remote.ssh import host_keys
from remote.ssh.loop import LoopThread
from tests.sshd import Sshd, keygen

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]


def host_form(server: Sshd, **more: str) -> dict[str, str]:
    """Return the form with the user's key as text."""
    form = {"host": server.host, "port": str(server.port), "username": server.username, "way": "key_text"}
    return form | {"private_key": server.key.read_text()} | more


def question(client: Client, server: Sshd) -> str:
    """Connect and return the address of the question."""
    answer = client.post("/remote/host", host_form(server, keep="1"))
    assert answer.status_code == 302 and answer["Location"].startswith("/remote/key/")
    return str(answer["Location"])


def fingerprint(key: Path) -> str:
    """Return the output of `ssh-keygen -lf` for a key."""
    process = subprocess.run(["ssh-keygen", "-lf", str(key)], capture_output=True, text=True, check=True)
    return process.stdout.split()[1]


def test_an_unknown_key_is_shown_and_the_login_continues_once_it_is_accepted(
    client: Client, sshd: Sshd, remote_loop: LoopThread
) -> None:
    address = question(client, sshd)
    page = client.get(address).content.decode()
    assert fingerprint(sshd.host_key) in page and "ssh-keygen -lf" in page
    secret = sshd.key.read_text().splitlines()[2]
    assert secret not in page and secret not in str(client.cookies)
    answer = client.post(address)
    assert answer["Location"].startswith("/remote/machine?connection=")
    assert host_keys.path().read_text().split() == sshd.known_hosts_line.split()
    assert [connection.address.host for connection in repository.saved_connections()] == [sshd.host]
    assert client.get(address)["Location"] == "/remote?notice=expired"  # nothing is stored for it


def test_another_browser_cannot_confirm_a_host_key(
    client: Client, sshd: Sshd, remote_loop: LoopThread
) -> None:
    address = question(client, sshd)
    stranger = Client()
    assert stranger.get(address)["Location"] == "/remote?notice=expired"
    assert stranger.post(address)["Location"] == "/remote?notice=expired"
    assert not host_keys.path().exists()
    assert client.get(address).status_code == 200


def test_an_expired_question_is_shown_as_a_warning(client: Client, home: Path) -> None:
    page = client.get("/remote/key/none", follow=True).content.decode()
    notice = page[page.index('class="notice') : page.index("This request has expired")]
    assert 'class="notice warning"' in notice and "#warning" in notice


def test_cancelling_accepts_no_key(client: Client, sshd: Sshd, remote_loop: LoopThread) -> None:
    address = question(client, sshd)
    assert client.post(address, {"cancel": "1"})["Location"] == "/remote"
    assert client.post(address)["Location"] == "/remote?notice=expired"
    assert not host_keys.path().exists()


def test_a_changed_key_is_accepted_only_with_an_explicit_confirmation(
    client: Client, known_sshd: Sshd, remote_loop: LoopThread
) -> None:
    before, line = fingerprint(known_sshd.host_key), known_sshd.known_hosts_line
    known_sshd.stop()
    keygen(known_sshd.host_key)
    known_sshd.start()
    address = question(client, known_sshd)
    page = client.get(address).content.decode()
    assert before in page and fingerprint(known_sshd.host_key) in page
    unsure = client.post(address)
    assert unsure.status_code == 400 and "Confirm this first" in unsure.content.decode()
    assert host_keys.path().read_text() == line
    answer = client.post(address, {"sure": "1"})
    assert answer["Location"].startswith("/remote/machine?connection=")
    assert host_keys.path().read_text().split() == known_sshd.known_hosts_line.split()
