"""The pages bring their font, and are painted without waiting for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Viewer
from tests.waiting import until

FONTS = Path(__file__).resolve().parents[2] / "static" / "fonts"
Open = Callable[..., Any]


def test_the_font_is_small_and_has_its_licence_beside_it() -> None:
    assert (FONTS / "inter.woff2").stat().st_size <= 27_000
    assert "SIL OPEN FONT LICENSE" in (FONTS / "inter-OFL.txt").read_text()


def test_the_font_is_preloaded_by_the_name_that_the_style_sheet_uses_and_cached_for_good(
    busy_site: Viewer,
) -> None:
    page = busy_site.get("/").text
    (address,) = re.findall(r'<link rel="preload" href="(/static/v-[0-9a-f]{16}/fonts/inter\.woff2)"', page)
    font = busy_site.get(address)
    assert (font.status_code, font.headers["Content-Type"]) == (200, "font/woff2")
    assert font.headers["Cache-Control"] == "max-age=31536000, immutable"
    assert 'url("../fonts/inter.woff2")' in busy_site.get("/static/css/variables.css").text


@pytest.mark.journey
def test_text_is_shown_in_the_bundled_font_which_is_fetched_once(open_page: Open) -> None:
    page = open_page("/settings")
    until(
        lambda: page.evaluate("document.fonts.check('500 13px Inter') && document.fonts.status === 'loaded'")
    )
    fetched = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/fonts/')).length"
    assert until(lambda: page.evaluate(fetched)) == 1
    page.evaluate("document.querySelector('h1').append('Ω ő')")
    until(lambda: page.evaluate(fetched) == 2)


@pytest.mark.journey
def test_a_page_is_painted_while_the_font_is_on_its_way(open_page: Open, busy_site: Viewer) -> None:
    page = open_page("/system")
    waiting: list[Any] = []
    page.route("**/fonts/*", lambda route: waiting.append(route))
    page.goto(busy_site.url + "/settings", wait_until="commit")
    painted = "performance.getEntriesByName('first-contentful-paint').length"
    until(lambda: page.evaluate(painted) == 1 and waiting)  # the font did not come from the cache
    for route in waiting:
        route.continue_()
    until(lambda: page.evaluate("document.fonts.status") == "loaded")


def test_the_admin_site_has_the_same_font(open_page: Open) -> None:
    page = open_page("/admin/", size="wide")
    until(lambda: page.evaluate("document.fonts.check('13px Inter') && document.fonts.status === 'loaded'"))
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("Inter")
