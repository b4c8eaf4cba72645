"""The storage root of a viewer is chosen among the folders of the host."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client

from remote.ssh.loop import LoopThread
from tests.pages.markup import Markup
from tests.server.remote.pythons import our_environment
from tests.sshd import Sshd

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]


def test_a_root_that_does_not_exist_opens_its_nearest_folder_and_leads_back(
    client: Client, known_sshd: Sshd, remote_loop: LoopThread
) -> None:
    our_environment(known_sshd.home)
    (known_sshd.home / "runs").mkdir()
    client.post("/api/remote/connect", known_sshd.login(), content_type="application/json")
    form = f"/remote/start?{urlencode({'connection': known_sshd.id, 'environment': '.venv'})}"
    page = client.get(form).content.decode()
    assert "does not exist yet" in page

    def links(page: str) -> dict[str, str]:
        return {link.text: link.attributes["href"] or "" for link in Markup(page).all("a")}

    page = client.get(links(page)["Browse"]).content.decode()
    assert f'name="path" aria-label="Folder" value="{known_sshd.home}"' in page
    assert "does not exist" in page and 'role="alert"' not in page
    assert {"runs", "Use this folder"} <= links(page).keys()
    assert links(page)["Cancel"] == form
    page = client.get("/remote/folders", {"connection": known_sshd.id, "path": "~root"}).content.decode()
    assert 'role="alert"' in page and "Cancel" in links(page)
