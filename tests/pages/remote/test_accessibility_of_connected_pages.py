"""Pages of a connected host: axe finds nothing in either theme, and nothing overflows on any screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pages.remote.test_a_remote_run_is_watched_live import connect
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.screens import SIZES, fits_the_screen
from tests.server.remote.pythons import bare_environment, our_environment
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = pytest.mark.needs("sshd")
Visit = Callable[..., Any]


def check(page: Any) -> None:
    """Check a page on every screen in both themes."""
    assert violations(page) == {}, page.url
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        until(lambda: fits_the_screen(page))


def test_pages_of_a_connected_host_have_no_violation(
    near: Viewer, sshd: Sshd, remote_store: Path, visit: Visit
) -> None:
    our_environment(sshd.home)
    bare_environment(sshd.home, "venv")
    page = visit(near, "/remote", bypass_csp=True)
    connect(page, sshd, check)
    check(page)
    machine = page.url
    page.get_by_role("link", name="Set up venv").click()
    page.get_by_role("button", name="Copy Runicorn to the host").click()
    assert "-m pip install" in page.locator("#install").inner_text()
    check(page)
    page.goto(machine)
    page.get_by_role("link", name="Use .venv").click()
    page.get_by_role("link", name="Browse").click()
    page.fill("input[name=path]", str(remote_store))
    with page.expect_navigation():
        page.get_by_role("button", name="Go").click()
    check(page)
    page.get_by_role("link", name="Use this folder").click()
    assert page.input_value("input[name=root]") == str(remote_store)
    check(page)
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="Open").wait_for()
    check(page)
    page.goto(f"{near.url}/remote")
    check(page)
