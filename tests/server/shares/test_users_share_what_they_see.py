"""A user shares a run and its charts by links, which a guest opens without a login, and revokes one."""

from __future__ import annotations

import time
from typing import Any

import requests

from tests.browser import careful_page
from tests.folders import append_metrics
from tests.screens import Screen, open_run_details
from tests.server.shares.conftest import FIRST, SECOND, TOKEN, Lab
from tests.waiting import until


def shared(page: Any, what: str = "") -> str:
    """Create a link by the dialog of a page, and return it."""
    open_run_details(page)
    page.locator("[data-share]:visible").first.click()
    dialog = page.get_by_role("dialog", name="Share")
    if what:
        dialog.get_by_label("What").select_option(label=what)
    dialog.get_by_role("button", name="Create link").click()
    link = dialog.get_by_label("Link", exact=True)
    link.wait_for()
    url: str = link.input_value()
    dialog.get_by_role("button", name="Close").click()
    return url


def test_links_are_created_opened_and_revoked(lab: Lab, chromium: Any) -> None:
    with careful_page(chromium, refused=[401]) as page:
        page.goto(f"{lab.viewer.url}/runs/{FIRST}?x=time")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Open").click()
        page.locator("figure canvas").first.wait_for()
        report, run = shared(page, "Report of this run"), shared(page, "This run")
        page.goto(f"{lab.viewer.url}/?layout=charts&project=vision")
        page.locator("figure canvas").first.wait_for()
        pair, board = shared(page), shared(page, "Board “default” with all runs of vision")
        assert run.endswith("?x=time") and len({run, pair, board}) == 3
        with careful_page(chromium) as guest:
            follow(guest, run, lab)
        with careful_page(chromium) as guest:
            compare(guest, pair)
        with careful_page(chromium) as guest:
            compare(guest, board)
        # The report is sandboxed; now and then the browser logs that it blocked what Playwright evaluates there.
        blocked = ["Blocked script execution in"]
        with careful_page(chromium, expected=blocked, **Screen("phone", "light").options) as guest:
            guest.goto(report)
            cells = guest.locator("h2:text('Metrics Overview') ~ table td")
            assert max(cells.evaluate_all("cells => cells.map((cell) => cell.offsetHeight)")) < 36
        page.goto(f"{lab.viewer.url}/settings")
        entry = page.locator("#shares li", has=page.get_by_text(FIRST, exact=True)).first
        entry.get_by_role("button").click()
        page.get_by_text("The link was revoked.").wait_for()
    until(lambda: requests.get(run, timeout=30).status_code == 404)


def follow(guest: Any, link: str, lab: Lab) -> None:
    """See a new point of a run without reloading the page."""
    guest.goto(link)
    readout = guest.locator('figure[data-name="loss"] output').first
    readout.wait_for()
    guest.locator("figure canvas").first.wait_for()
    append_metrics(lab.root, "vision", "net-a", FIRST, [{"loss": 0.0078, "global_step": 500}], time.time())
    until(lambda: readout.text_content() == "0.0078")
    guest.keyboard.press("t")
    guest.keyboard.press("Control+k")
    assert guest.get_by_role("dialog").count() == 0
    assert not guest.locator("[data-edit], [data-share], form.actions, .crumbs a, .rail a").count()


def compare(guest: Any, link: str) -> None:
    """Hide a run, and open the table of config values."""
    guest.goto(link)
    guest.locator("figure canvas").first.wait_for()
    eye = guest.locator(f"#run-{SECOND} .eye")
    eye.click()
    until(lambda: eye.get_attribute("aria-pressed") == "false")
    guest.get_by_role("link", name="Config").click()
    guest.locator("#config").wait_for()
    assert not guest.locator("[data-share], #filters, .add-run, .rail a").count()


def test_an_open_page_says_that_its_link_was_revoked_and_asks_no_more(lab: Lab, chromium: Any) -> None:
    share = lab.client.shares.create("compare", [FIRST, SECOND])
    with careful_page(chromium, refused=[404]) as guest:
        guest.clock.install()
        guest.goto(share["url"])
        guest.locator("figure canvas").first.wait_for()
        lab.client.shares.revoke(share["id"])
        until(lambda: requests.get(share["url"], timeout=30).status_code == 404)
        guest.clock.run_for(10_000)
        notice = guest.locator("#stale")
        until(notice.inner_text)
        assert notice.inner_text() == "This link is no longer available."
        asked: list[str] = []
        guest.on("request", lambda request: asked.append(request.url))
        guest.clock.run_for(120_000)
        assert asked == []


def test_the_open_page_of_a_run_says_that_its_link_was_revoked_and_connects_no_more(
    lab: Lab, chromium: Any
) -> None:
    share = lab.client.shares.create("run", [FIRST])
    with careful_page(chromium, refused=[404], expected=["WebSocket"]) as guest:
        guest.clock.install()
        guest.goto(share["url"])
        guest.locator("figure canvas").first.wait_for()
        lab.client.shares.revoke(share["id"])
        notice = guest.locator("#connection")
        until(lambda: notice.locator("span").inner_text() == "This link is no longer available.")
        assert notice.get_by_role("button").count() == 0
        opened: list[str] = []
        guest.on("websocket", lambda socket: opened.append(socket.url))
        guest.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        guest.clock.run_for(60_000)
        assert opened == []
