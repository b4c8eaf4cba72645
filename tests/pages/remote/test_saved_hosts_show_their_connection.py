"""The open list of saved hosts shows which of them are connected now."""

from __future__ import annotations

import pytest
from django.test import Client

from remote.ssh.loop import LoopThread
from tests.pages.remote.test_host_keys_are_confirmed_on_a_page import host_form
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]


def test_a_saved_host_is_disconnected_when_its_session_is_lost(
    client: Client, known_sshd: Sshd, remote_loop: LoopThread
) -> None:
    client.post("/remote/host", host_form(known_sshd, keep="1"))

    def refreshed() -> str:
        """Return what the open page asks for again and again."""
        return client.get("/remote", headers={"HX-Request": "true"}).content.decode()

    assert "· connected" in refreshed()
    known_sshd.stop()
    until(lambda: "· connected" not in refreshed())
    assert f"Connect to {known_sshd.id}" in refreshed()
