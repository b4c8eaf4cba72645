"""Journey of a user: invited on a page, signed in, logs with a token, and edits own runs only."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from tests.axe import FILE
from tests.browser import careful_page
from tests.folders import write_run
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import train
from tests.screens import Screen, fits_the_screen
from tests.secrecy import secret
from tests.server.people.lab import Lab
from tests.server.people.test_users_may_what_their_role_allows import TRAINING
from tests.waiting import until


def sign_in(lab: Lab, page: Any, name: str) -> None:
    """Sign in on the login page."""
    page.goto(lab.url + "/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(lab.passwords[name])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(lab.url + "/")


IS_WHOLE = """(shown) => {
    const box = shown.getBoundingClientRect();
    return shown.scrollWidth <= Math.ceil(box.width) && 0 <= box.left && box.right <= innerWidth;
}"""


@pytest.mark.journey
def test_an_invited_user_logs_a_run_and_may_not_delete_that_of_another(
    lab: Lab, browser: Any, chromium: Any
) -> None:
    foreign = write_run(lab.home / "store", "vision", "foreign", metrics=[{"loss": 1.0}], status="finished")
    sign_in(lab, browser, "root")
    browser.goto(lab.url + "/users")
    browser.get_by_label("User name").fill(f"grace{foreign[-6:]}")
    browser.locator("form[action$=invite]").get_by_label("Role").select_option("write-own")
    browser.get_by_role("button", name="Invite").click()
    link = browser.locator("#invitation-link").inner_text()
    with careful_page(chromium, refused=[403]) as page:
        page.goto(link)
        password = secret()
        page.get_by_label("New password", exact=True).fill(password)
        page.get_by_label("New password confirmation").fill(password)
        page.get_by_role("button", name="Save and sign in").click()
        expect(page).to_have_url(lab.url + "/")
        page.goto(lab.url + "/account")
        page.get_by_label("Token name").fill("laptop")
        page.get_by_role("button", name="Create token").click()
        token = page.locator("#new-token").inner_text()
        near = lab.home / f"near-{foreign}"
        near.mkdir()
        script = TRAINING.format(project="vision")
        training = train(script, near, lab.home, RUNICORN_URL=lab.url, RUNICORN_TOKEN=token)
        printed, stderr = training.communicate(timeout=120)
        assert training.returncode == 0, stderr
        own = printed.split()[-1]
        headers = {"Authorization": f"Bearer {token}"}
        until(lambda: page.request.get(f"{lab.url}/api/runs/{own}", headers=headers).ok)
        page.goto(f"{lab.url}/runs/{own}")
        expect(page.get_by_role("button", name="Delete")).to_be_visible()
        page.goto(f"{lab.url}/runs/{foreign}")
        expect(page.get_by_role("heading", name="foreign")).to_be_visible()
        expect(page.get_by_role("button", name="Delete")).to_be_hidden()
        expect(page.locator("[data-edit]:visible, [data-flag]:visible")).to_have_count(0)
        page.keyboard.press("t")
        expect(page.get_by_role("dialog")).to_have_count(0)
        refused = page.evaluate(
            "id => fetch(`/api/runs/${id}`, {method: 'PATCH', body: '{}',"
            " headers: {'Content-Type': 'application/json'}}).then((answer) => answer.status)",
            foreign,
        )
        assert refused == 403
        expect(page.locator("nav.rail").get_by_role("link", name="Settings")).to_have_attribute(
            "href", "/system"
        )
        for hidden in ("Remote", "Users"):
            expect(page.locator("nav.rail").get_by_text(hidden, exact=True)).to_have_count(0)
        page.goto(lab.url + "/account")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_pages_about_users_fit_a_phone(lab: Lab, chromium: Any) -> None:
    requests.post(f"{lab.url}/api/{'long' * 50}", cookies=lab.session("root").cookies, timeout=30)
    with careful_page(chromium, **Screen("phone", "light").options) as page:
        sign_in(lab, page, "root")
        for path in ("/account", "/users", "/changes?user=root"):
            page.goto(lab.url + path)
            until(lambda: fits_the_screen(page))
        assert "and as many of administrators" in page.inner_text("main")
        line = page.locator("tbody tr", has_text="longlong").first
        for text in (f"POST /api/{'long' * 50}", "127.0.0.1"):
            inside = line.get_by_text(text)
            expect(inside).to_be_visible()
            assert inside.evaluate(IS_WHOLE), f"{text} is cut"


def test_the_pages_about_users_have_no_violation(lab: Lab, chromium: Any) -> None:
    if not FILE.exists():
        pytest.skip(f"{FILE.name} is missing: python -m tests.axe")
    with careful_page(chromium, bypass_csp=True) as page:
        page.goto(lab.url + "/login")
        violations_by_page = {"/login": violations(page)}
        page.goto(lab.command("invite", "rita"))
        violations_by_page["/invitations"] = violations(page)
        sign_in(lab, page, "root")
        for path in ("/account", "/users", "/changes"):
            page.goto(lab.url + path)
            if path == "/users":
                page.locator("summary", has_text="Change…").first.click()
            violations_by_page[path] = violations(page)
        assert {path: hits for path, hits in violations_by_page.items() if hits} == {}
