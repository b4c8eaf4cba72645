"""A person signs in through nginx below a path, watches a run, looks at charts and changes the settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser import careful_page
from tests.journeys.test_a_point_logged_after_the_page_was_opened_appears import Training
from tests.server.proxies.conftest import TOKEN, Site
from tests.waiting import until


class Asked:
    """Paths of this site that a page has requested, and its sockets."""

    def __init__(self, page: Any, site: Site) -> None:
        self.host = urlsplit(site.url).netloc
        self.paths: list[str] = []
        self.sockets: list[str] = []
        page.on("request", lambda request: self.note(request.url))
        page.on("websocket", lambda socket: self.sockets.append(urlsplit(socket.url).path))

    def note(self, url: str) -> None:
        """Keep the path of a request to the site."""
        parts = urlsplit(url)
        if parts.netloc == self.host:
            self.paths.append(parts.path)


@pytest.mark.needs("nginx")
def test_a_journey_below_the_prefix(proxied: Site, chromium: Any) -> None:
    home = proxied.viewer.log.parent
    training = Training(proxied.viewer.root, home)
    with careful_page(chromium, refused=[401]) as page:
        requests = Asked(page, proxied)
        try:
            page.goto(f"{proxied.url}/")
            page.get_by_label("Token").fill(TOKEN)
            page.get_by_role("button", name="Open").click()
            page.get_by_role("table").first.wait_for()
            until(lambda: page.reload() and page.locator(f'a[href$="/runs/{training.run_id}"]').count())
            page.locator(f'a[href$="/runs/{training.run_id}"]').first.click()
            readout = page.locator('figure[data-name="loss"] output').first
            until(lambda: readout.text_content() == "0.1")
            training.tell("log 0.0625")
            until(lambda: readout.text_content() == "0.0625")
            assert training.end() == 0
        finally:
            training.close()
        assert requests.sockets == [f"{proxied.prefix}/runs/{training.run_id}/live"]
        page.locator("nav.rail").get_by_role("link", name="Runs", exact=True).click()
        page.get_by_role("link", name="Charts", exact=True).click()
        page.locator("figure canvas").first.wait_for()
        page.get_by_role("link", name="Settings", exact=True).click()
        page.get_by_role("radio", name="Dark").check()
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Saved.").wait_for()
        cookies = {cookie["name"]: cookie["path"] for cookie in page.context.cookies()}
        page.locator("#theme").click()
        after = {cookie["name"]: cookie["path"] for cookie in page.context.cookies()}
    assert cookies["runicorn_theme"] == proxied.prefix and after == cookies
    assert set(cookies.values()) == {proxied.prefix}
    assert len(requests.paths) > 20
    outside = {path for path in requests.paths if not path.startswith(f"{proxied.prefix}/")}
    assert not outside
