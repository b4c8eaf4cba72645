"""Each journey is made on one screen in the suite of every day, and at every width in the long form."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.screens import SIZES, THEMES, USUAL, Screen, screen_of, screens

FOLDER = Path(__file__).parent
ALL = {Screen(size, theme) for size in SIZES for theme in THEMES}
BY_BROWSER = {"open_page", "browser", "chromium"}


def today(name: str, *sizes: str) -> Screen:
    (screen,) = [param.values[0] for param in screens(name, sizes) if not param.marks]
    assert isinstance(screen, Screen)
    return screen


def journeys() -> Iterator[str]:
    for file in FOLDER.glob("test_users_*.py"):
        text = file.read_text(encoding="utf-8")
        if "pytestmark = pytest.mark.journey\n" not in text:
            continue
        for statement in ast.parse(text).body:
            if isinstance(statement, ast.FunctionDef) and BY_BROWSER & {
                arg.arg for arg in statement.args.args
            }:
                yield statement.name


def test_all_journeys_together_cover_every_screen() -> None:
    assert {today(name) for name in journeys()} == ALL


@pytest.mark.parametrize("name", ["any", "other", "third", "fourth"])
def test_one_screen_is_for_every_day_and_every_width_is_for_the_long_form(name: str) -> None:
    assert {param.values[0].size for param in screens(name)} == set(SIZES)
    assert {param.values[0].theme for param in screens(name)} == set(THEMES)
    assert {param.values[0] for param in screens(name, themes=2)} == ALL
    for themes in (1, 2):
        assert [len(param.marks) for param in screens(name, themes=themes)].count(0) == 1
    assert {param.values[0].size for param in screens("any", ("wide", "middle"))} == {"wide", "middle"}


@pytest.mark.journey("phone")
def test_the_browser_has_the_screen(browser: Any, screen: Screen) -> None:
    screen_state = "[screen.width, matchMedia('(prefers-color-scheme: dark)').matches, matchMedia('(pointer: coarse)').matches]"
    assert browser.evaluate(screen_state) == [390, screen.theme == "dark", True]


def test_a_test_that_is_no_journey_has_the_usual_screen(request: pytest.FixtureRequest) -> None:
    assert screen_of(request) == USUAL
