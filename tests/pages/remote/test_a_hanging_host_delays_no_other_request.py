"""While requests wait for a silent host, other requests are answered, on remote pages too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from runicorn_site.transport.dispatch import THREADS
from tests.processes import Viewer
from tests.server.remote.relay import FakeServer
from tests.waiting import until

HANGING = THREADS["blocking"] + 8
"""More than the threads for pages that wait for the disk."""


@pytest.fixture
def silent() -> Iterator[FakeServer]:
    """A host that accepts connections and sends nothing."""
    with FakeServer(b"") as host:
        yield host


def form_of(viewer: Viewer) -> tuple[dict[str, str], dict[str, str]]:
    """Return the cookies and the CSRF token of the form of a host."""
    with requests.Session() as browser:
        page = browser.get(f"{viewer.url}/remote/host", timeout=30).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        return browser.cookies.get_dict(), {"csrfmiddlewaretoken": token[1]}


def post(viewer: Viewer, port: int, cookies: dict[str, str], hidden: dict[str, str]) -> requests.Response:
    """Submit the form of a host as a browser does."""
    filled = {"host": "127.0.0.1", "port": port, "username": "me", "way": "password", "password": "x"}
    return requests.post(f"{viewer.url}/remote/host", data=filled | hidden, cookies=cookies, timeout=60)


def test_other_requests_are_answered_and_the_wait_ends_with_an_error(
    near: Viewer, silent: FakeServer
) -> None:
    cookies, hidden = form_of(near)
    with ThreadPoolExecutor(HANGING) as browsers:
        waiting = [browsers.submit(post, near, silent.port, cookies, hidden) for _ in range(HANGING)]
        until(lambda: len(silent.ends) == HANGING)
        with requests.Session() as other:
            for address in ("/", "/api/runs", "/system", "/remote", "/settings"):
                assert other.get(near.url + address, timeout=5).status_code == 200
        assert sum(not pending.done() for pending in waiting) > THREADS["blocking"]
        silent.cut()
        answers = [pending.result() for pending in waiting]
    assert {answer.status_code for answer in answers} == {400}
    assert all("127.0.0.1" in answer.text and 'role="alert"' in answer.text for answer in answers)
