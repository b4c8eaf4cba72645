"""From the first visit to live curves: real viewer, sshd and browser, and a training on the remote host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.test_a_point_logged_after_the_page_was_opened_appears import Training
from tests.processes import Viewer
from tests.server.remote import leftovers
from tests.server.remote.pythons import our_environment
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.journey]
Visit = Callable[..., Any]


def fill_in(page: Any, server: Sshd, **more: str) -> None:
    """Fill in the form of a host with the key file."""
    page.fill("input[name=host]", server.host)
    page.fill("input[name=port]", str(server.port))
    page.fill("input[name=username]", server.username)
    page.get_by_label("Key file").first.check()
    page.fill("input[name=private_key_path]", str(server.key))
    for name, text in more.items():
        page.fill(f"input[name={name}]", text)


def connect(page: Any, server: Sshd, look: Callable[[Any], None] = lambda page: None) -> None:
    """Connect to an unknown host up to its environments; `look` sees the question about its key."""
    page.get_by_role("link", name="Add host").click()
    fill_in(page, server, name="the big one")
    page.get_by_role("button", name="Connect", exact=True).click()
    assert "SHA256:" in page.locator(".fingerprint").inner_text()
    look(page)
    page.get_by_role("button", name="Accept and connect").click()
    page.get_by_role("link", name="Use .venv").wait_for()


@pytest.mark.parametrize(
    "scripts",
    [
        pytest.param(True, id="with scripts"),
        pytest.param(False, id="without scripts", marks=pytest.mark.torture),
    ],
)
def test_a_user_connects_watches_a_live_curve_and_disconnects(
    near: Viewer, sshd: Sshd, remote_store: Path, visit: Visit, tmp_path: Path, scripts: bool
) -> None:
    our_environment(sshd.home)
    training = Training(remote_store, tmp_path / "far home")
    try:
        page = visit(near, "/remote", java_script_enabled=scripts)
        connect(page, sshd)
        page.get_by_role("link", name="Use .venv").click()
        page.fill("input[name=root]", str(remote_store))
        page.get_by_role("button", name="Start").click()
        page.get_by_role("link", name="Open").wait_for()
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Open").click()
        there = opened.value
        there.get_by_role("link", name="resnet").first.click()
        if scripts:
            there.locator("#charts figure").first.wait_for()
            training.tell("log 0.0625")
            until(lambda: "0.0625" in there.locator("main").inner_text())
        assert len(leftovers.viewers(sshd.home)) == 1
        page.goto(f"{near.url}/remote")
        assert "the big one" in page.locator("main").inner_text()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Stopped.").wait_for()
        until(lambda: leftovers.viewers(sshd.home) == [])  # on a slow host the page waits only some seconds
        page.get_by_role("button", name="Disconnect").click()
        page.get_by_role(
            "button", name="Connect to"
        ).click()  # one click: the connection is saved and the host key known
        page.get_by_role("link", name="Use .venv").wait_for()
        assert training.end() == 0
    finally:
        training.close()
