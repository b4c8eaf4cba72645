"""The screens that journeys are made on: three widths, and both themes on each of them.

A test, or a file of them, that is marked `journey` is made on one of them in `make test-all`, on which one its name decides;
in the long form at every width, in the theme that its name decides for it. A journey whose controls a phone does not show
names its widths: `journey("wide", "middle")`; one that is to be made in both themes says `themes=2`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import pytest

SIZES = {"wide": (1440, 900), "middle": (1024, 800), "phone": (390, 844)}
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Screen:
    """One of `SIZES` with one of `THEMES`."""

    size: str
    theme: str

    def __str__(self) -> str:
        return f"{self.size}-{self.theme}"

    @property
    def is_phone(self) -> bool:
        """Whether fingers are what it is used with."""
        return self.size == "phone"

    @property
    def options(self) -> dict[str, Any]:
        """What a context of the browser is opened with."""
        width, height = SIZES[self.size]
        chosen = {"viewport": {"width": width, "height": height}, "color_scheme": self.theme}
        return chosen | ({"has_touch": True, "is_mobile": True} if self.is_phone else {})


USUAL = Screen("wide", "light")
CUT_CONTROLS = """(width) => [...document.querySelectorAll("main button, main a, main input, nav a")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".scroll, .chips, .tabs, .panel-tabs, .subnav, .section-index, .side-by-side, #legend ul, .for-readers"))
    .map((one) => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.left < -1 || box.right > width + 1)).map(([html]) => html)"""


def fits_the_screen(page: Any) -> bool:
    """Whether nothing sticks out. Observers of sizes fold what does not fit a moment after a change: wait for it."""
    # A mobile browser zooms out to what sticks out: `innerWidth` grows with it, the width of the screen does not.
    width = page.viewport_size["width"]
    is_wide = page.evaluate("document.documentElement.scrollWidth") > width
    return not is_wide and page.evaluate(CUT_CONTROLS, width) == []


def open_chart_settings(page: Any, *, only_on_phones: bool = False) -> None:
    """Open the settings of all charts, which on a phone also have the axis, the smoothing and the groups."""
    is_phone = page.viewport_size["width"] == SIZES["phone"][0]
    if (is_phone or not only_on_phones) and not page.locator("#chart-settings").is_visible():
        page.locator("#chart-settings-button").click()


def open_filters(page: Any) -> None:
    """Show all filters of the list of runs, which a phone folds."""
    if page.viewport_size["width"] == SIZES["phone"][0]:
        page.locator("label[for=more-filters]").click()


def open_run_details(page: Any) -> None:
    """Show the facts and the actions in the header of a run, which a phone folds."""
    button = page.locator("#more-facts:not([open]) summary")
    if button.is_visible():
        button.click()


def screens(journey: str, sizes: tuple[str, ...] = (), themes: int = 1) -> Iterator[Any]:
    """The screens of a journey as parameters: one for every day, the others for the long form."""
    widths = sizes or tuple(SIZES)
    chance = crc32(journey.encode())
    today = chance // len(THEMES) % len(widths)
    for number, size in enumerate(widths):
        first = (chance + number) % len(THEMES)
        for theme in (THEMES[first], THEMES[1 - first])[:themes]:
            is_today = number == today and theme == THEMES[first]
            screen = Screen(size, theme)
            yield pytest.param(screen, id=str(screen), marks=() if is_today else (pytest.mark.torture,))


def screen_of(request: pytest.FixtureRequest) -> Screen:
    """The screen of the journey that asks, or the usual one."""
    call = getattr(request.node, "callspec", None)
    return call.params.get("screen", USUAL) if call else USUAL
