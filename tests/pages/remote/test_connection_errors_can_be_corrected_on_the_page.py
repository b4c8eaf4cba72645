"""Connection errors are corrected in a real browser; axe checks every page on the way."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.folders import write_run
from tests.pages.remote.test_a_remote_run_is_watched_live import fill_in
from tests.pages.remote.test_accessibility_of_connected_pages import check
from tests.pages.remote.test_host_keys_are_confirmed_on_a_page import fingerprint
from tests.processes import Viewer
from tests.server.remote import leftovers
from tests.server.remote.pythons import our_environment, pretending
from tests.server.remote.relay import Relay
from tests.sshd import Sshd, keygen
from tests.system_users import SystemUser, system_user
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.journey]
Visit = Callable[..., Any]
LARGE = 512 * 2**20


@pytest.fixture
def person() -> Iterator[SystemUser]:
    """A user of the remote host who logs in with a password."""
    with system_user() as who:
        yield who


def pressed(page: Any, name: str) -> None:
    """Press a button."""
    page.get_by_role("button", name=name, exact=name == "Connect").click()


def test_a_wrong_password_is_corrected(near: Viewer, sshd: Sshd, person: SystemUser, visit: Visit) -> None:
    page = visit(near, "/remote/host", bypass_csp=True, refused=[400, 401])
    page.fill("input[name=host]", sshd.host)
    page.fill("input[name=port]", str(sshd.port))
    page.fill("input[name=username]", person.name)
    page.fill("input[name=password]", f"not {person.password}")
    pressed(page, "Connect")
    pressed(page, "Accept and connect")
    beside = page.locator("#error-password")
    expect(beside).to_contain_text(f"Authentication failed for {person.name}@")
    expect(page.locator("input[name=password]")).to_have_value("")
    expect(page.locator("input[name=password]")).to_be_focused()
    assert person.password not in page.content()
    check(page)
    page.keyboard.type(person.password)
    page.keyboard.press("Enter")
    page.locator("#environments li").first.wait_for()
    page.goto(f"{near.url}/remote")
    expect(page.locator(".hosts")).to_contain_text("password, not saved · connected")
    pressed(page, "Disconnect")
    pressed(page, "Connect to")
    expect(page.locator("#error-password")).to_have_text("Enter the password.")
    check(page)


def test_a_key_that_changed_is_refused_and_then_accepted(near: Viewer, sshd: Sshd, visit: Visit) -> None:
    our_environment(sshd.home)
    page = visit(near, "/remote/host", bypass_csp=True, refused=[400, 401])
    fill_in(page, sshd)
    pressed(page, "Connect")
    pressed(page, "Accept and connect")
    page.get_by_role("link", name="Use .venv").wait_for()
    page.goto(f"{near.url}/remote")
    pressed(page, "Disconnect")
    old = fingerprint(sshd.host_key)
    sshd.stop()
    keygen(sshd.host_key)
    sshd.start()
    new = fingerprint(sshd.host_key)
    pressed(page, "Connect to")
    fingerprints = page.locator("dl code.fingerprint")
    expect(fingerprints).to_have_text([old, new])
    expect(page.get_by_role("alert")).to_contain_text("reinstalled, or the connection is intercepted")
    check(page)
    pressed(page, "Cancel")
    assert pinned(page, near) == old
    page.goto(f"{near.url}/remote")
    expect(page.locator(".hosts li")).not_to_contain_text("connected")
    pressed(page, "Connect to")
    pressed(page, "Accept the new key")
    expect(page.locator("#error-sure")).to_be_visible()
    assert pinned(page.context.new_page(), near) == old
    check(page)
    page.get_by_label("I know why the key has changed").check()
    pressed(page, "Accept the new key")
    page.get_by_role("link", name="Use .venv").wait_for()
    assert pinned(page, near) == new
    page.goto(f"{near.url}/remote")
    expect(page.locator(".hosts li")).to_contain_text("connected")


def pinned(page: Any, viewer: Viewer) -> str:
    """Return the fingerprint of the only known host on the settings page."""
    page.goto(f"{viewer.url}/settings")
    return str(page.locator(".kept .fingerprint").inner_text())


def test_a_failed_start_shows_its_reason_and_is_retried(
    near: Viewer, sshd: Sshd, remote_store: Path, visit: Visit
) -> None:
    broken = pretending(sshd.home, "cat > /dev/null & exec sleep 987", "venv")
    page = visit(near, "/remote/host", bypass_csp=True, refused=[400, 401])
    fill_in(page, sshd)
    pressed(page, "Connect")
    pressed(page, "Accept and connect")
    page.get_by_role("link", name="Use venv").click()
    page.fill("input[name=root]", str(remote_store))
    pressed(page, "Start")
    expect(page.locator(".stages .now")).to_contain_text("Start the viewer")
    check(page)
    (sleeping,) = until(lambda: leftovers.processes(sshd.home, "sleep"))
    broken.write_text(broken.read_text().replace("sleep 987", "echo"))
    sleeping.kill()
    expect(page.locator(".stages .failed")).to_contain_text("Start the viewer")
    expect(page.get_by_role("alert")).to_contain_text("did not start: killed by signal KILL.")
    check(page)
    broken.write_text(f'#!/bin/sh\nexec {sshd.home}/.real/bin/python "$@"\n')
    page.get_by_role("link", name="Try again").click()
    assert page.input_value("input[name=root]") == str(remote_store)
    pressed(page, "Start")
    page.get_by_role("link", name="Open").wait_for()


def test_a_viewer_whose_host_has_another_key_now_offers_to_connect_again(
    near: Viewer, sshd: Sshd, remote_store: Path, visit: Visit
) -> None:
    our_environment(sshd.home)
    page = visit(near, "/remote/host", bypass_csp=True)
    fill_in(page, sshd)
    pressed(page, "Connect")
    pressed(page, "Accept and connect")
    page.get_by_role("link", name="Use .venv").click()
    page.fill("input[name=root]", str(remote_store))
    pressed(page, "Start")
    page.get_by_role("link", name="Open").wait_for()
    sshd.stop()
    keygen(sshd.host_key)
    sshd.start()
    notice = page.get_by_role("alert")
    expect(notice).to_have_text(
        re.compile(r"presents a different key than before\. Connect again to \w+ them\.\s*$")
    )
    expect(page.locator(".about dd")).to_have_text(["failed"])
    expect(page.locator(".stages")).to_have_count(0)
    check(page)
    pressed(page, "Connect")
    expect(page.locator("dl code.fingerprint")).to_have_count(2)


@pytest.mark.torture
def test_a_mirror_is_watched_cancelled_and_restarted(
    near: Viewer, sshd: Sshd, remote_store: Path, visit: Visit
) -> None:
    our_environment(sshd.home)
    run_id = write_run(remote_store, metrics=[{"loss": 0.5}])
    large = remote_store / "vision" / "resnet" / "runs" / run_id / "media" / "large.bin"
    large.touch()
    os.truncate(large, LARGE)
    with Relay(sshd.port) as network:
        page = visit(near, "/remote/host", bypass_csp=True, refused=[400, 401])
        fill_in(page, sshd, port=str(network.port))
        pressed(page, "Connect")
        pressed(page, "Accept and connect")
        page.get_by_role("link", name="Use .venv").click()
        page.fill("input[name=root]", str(remote_store))
        network.delay = 0.02
        pressed(page, "Copy the runs here instead")
        expect(page.locator("#mirror")).to_contain_text("3 of 4 files")
        check(page)
        page.goto(f"{near.url}/remote")
        row = page.locator("#live li").first
        expect(row).to_contain_text("1 run · 3 of 4 files")
        check(page)
        pressed(page, "Cancel the mirror")
        expect(page.get_by_role("status")).to_contain_text("Cancelled. Files copied so far are complete")
        check(page)
        network.delay = 0
        os.truncate(large, 1)
        pressed(page, "Copy again")
        page.get_by_role("link", name="Show runs").wait_for(timeout=60_000)
        check(page)
        page.get_by_role("link", name="Show runs").click()
        page.get_by_role("link", name="resnet").first.wait_for()
