"""While one browser waits for a host that says nothing, others go on; and two browsers see the same viewers."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator

import pytest
import requests

from tests.processes import Viewer
from tests.waiting import until

HANGING = 8
"""As many as all threads of one pool and more."""


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a host that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def post(browser: requests.Session, viewer: Viewer, port: int) -> requests.Response:
    """The form of a host, sent as a browser does."""
    page = browser.get(f"{viewer.url}/remote/host", timeout=10).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    form = {"host": "127.0.0.1", "port": port, "username": "me", "way": "password", "password": "x"}
    form["csrfmiddlewaretoken"] = token[1]
    return browser.post(f"{viewer.url}/remote/host", data=form, timeout=60)


def test_others_look_at_their_runs_and_the_wait_ends_with_a_sentence(near: Viewer, silent: int) -> None:
    answers: list[requests.Response] = []

    def wait() -> None:
        with requests.Session() as browser:
            answers.append(post(browser, near, silent))

    waiting = [threading.Thread(target=wait) for _ in range(HANGING)]
    for one in waiting:
        one.start()
    with requests.Session() as other:
        for address in ("/", "/api/runs", "/system"):
            assert other.get(near.url + address, timeout=5).status_code == 200
    assert not answers  # they are waiting still
    until(lambda: len(answers) == HANGING, timeout=60)
    for one in waiting:
        one.join(10)
    assert {answer.status_code for answer in answers} == {503}
    assert all("127.0.0.1" in answer.text and 'role="alert"' in answer.text for answer in answers)
