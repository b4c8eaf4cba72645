"""Shared links on the account page: users see and revoke their own, and only these."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from runicorn.api import RunicornClient
from tests.browser import careful_page
from tests.folders import write_run
from tests.pages.test_accessibility_of_pages import violations
from tests.server.people.lab import Lab
from tests.server.people.test_a_user_is_invited_and_works_with_the_pages import sign_in
from tests.waiting import until

RUN, OTHER = "20240101_000000_aaaaaa", "20240102_000000_bbbbbb"


@pytest.fixture(scope="module")
def links(lab: Lab) -> dict[str, RunicornClient]:
    """Clients of a curator and an administrator who share two runs."""
    write_run(lab.home / "store", "vision", "resnet", run_id=RUN, metrics=[{"loss": 0.5}], status="finished")
    write_run(lab.home / "store", "vision", "vit", run_id=OTHER, metrics=[{"loss": 0.25}], status="finished")
    clients = {name: RunicornClient(lab.url, token=lab.token(name, "curate")) for name in ("cy", "root")}
    until(lambda: len(clients["cy"].list_experiments()) == 2)
    return clients


def account(lab: Lab, name: str, language: str = "en") -> str:
    """Return the account page of a user."""
    headers = {"Accept-Language": language}
    return lab.session(name).get(f"{lab.url}/account", headers=headers, timeout=30).text


def test_users_see_and_revoke_only_their_own_links(lab: Lab, links: dict[str, RunicornClient]) -> None:
    own = links["cy"].shares.create("compare", f"{RUN},{OTHER}")
    foreign = links["root"].shares.create("report", RUN)
    page = account(lab, "cy")
    assert own["url"] in page and foreign["url"] not in page
    assert "Comparison resnet and 1 other run" in " ".join(re.sub("<[^>]+>", " ", page).split())
    assert own["url"] not in account(lab, "root")
    assert "shares-title" not in account(lab, "ada")

    for share_id in (foreign["id"], "unknown", ""):
        refused = lab.send(lab.session("cy"), "/account/shares/revoke", "/account", id=share_id)
        assert refused.status_code == 404 and "Share not found" in refused.text
    assert requests.get(foreign["url"], timeout=30).status_code == 200
    response = lab.send(lab.session("cy"), "/account/shares/revoke", "/account", id=own["id"])
    assert response.status_code == 302 and response.headers["Location"].endswith("/account#shares")
    assert requests.get(own["url"], timeout=30).status_code == 404
    links["root"].shares.revoke(foreign["id"])


def test_no_link_and_many_links_are_listed_in_both_languages(
    lab: Lab, links: dict[str, RunicornClient]
) -> None:
    english, chinese = (section(account(lab, "cy", language)) for language in ("en", "zh"))
    assert ">No shared links.<" in english and "分享链接" in chinese and "<form" not in english + chinese
    share_ids = [links["cy"].shares.create("run", RUN)["id"] for _ in range(60)]
    html = section(account(lab, "cy"))
    assert re.findall(r'name="id" value="([^"]+)"', html) == share_ids[::-1] and ">60<" in html
    for share_id in share_ids:
        links["cy"].shares.revoke(share_id)


def section(page: str) -> str:
    """Return the part of a page about shared links."""
    return page.partition('<section id="shares"')[2].partition("</section>")[0]


def test_a_user_shares_a_report_and_revokes_it_by_keys(
    lab: Lab, links: dict[str, RunicornClient], chromium: Any
) -> None:
    with careful_page(chromium, bypass_csp=True) as page:
        sign_in(lab, page, "cy")
        page.goto(f"{lab.url}/runs/{RUN}")
        page.get_by_role("button", name="Share").press("Enter")
        dialog = page.get_by_role("dialog", name="Share")
        dialog.get_by_label("What").select_option(label="Report of this run")
        dialog.get_by_role("button", name="Create link").press("Enter")
        link = dialog.get_by_label("Link", exact=True)
        expect(link).to_have_value(re.compile("/s/[^?]+$"))
        url = link.input_value()
        violations_by_place = {"dialog": violations(page)}
        with careful_page(chromium) as guest:
            guest.goto(url)
            expect(guest.get_by_role("heading", name="Metrics Overview")).to_be_visible()
        dialog.get_by_role("link", name="Shared links").press("Enter")
        expect(page).to_have_url(f"{lab.url}/account#shares")
        entry = page.locator("#shares li")
        expect(entry).to_contain_text(f"Report resnet {RUN}")
        violations_by_place["account"] = violations(page)
        entry.get_by_role("button", name="Revoke the link to resnet").press("Enter")
        expect(entry).to_have_count(0)
        assert requests.get(url, timeout=30).status_code == 404
        assert violations_by_place == {"dialog": {}, "account": {}}
