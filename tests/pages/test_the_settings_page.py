"""Settings are forms: they work without scripts, ask for their token, and say what is wrong beside the field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runicorn.settings import user
from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]
SPACES_BELOW = """() => [...document.querySelectorAll(".settings section")].map((section) => {
  const last = [...section.querySelectorAll(":scope > :not(.rows), .rows > li")].at(-1);
  const padding = last.matches("li") ? parseFloat(getComputedStyle(last).paddingBottom) : 0;
  return Math.round(section.getBoundingClientRect().bottom - last.getBoundingClientRect().bottom + padding);
})"""


def test_the_settings_page_shows_all_paths(store: Path, page: Page, home: Path) -> None:
    write_run(store)
    text = " ".join(page("/settings").texts("main"))
    assert f"{store} · 1 run" in text
    assert "none: scripts write to ./.runicorn" in text
    assert str(home / "config") in text
    assert "SQLite 3." in text and "intact" in text and "MIT" in text


def test_the_theme_is_stored_by_the_browser_and_rendered_by_the_server(
    store: Path, page: Page, client: Client
) -> None:
    assert client.post("/settings/look", {"theme": "dark", "density": "compact"}).status_code == 302
    (root,) = page("/").all("html")
    assert (root.attributes["data-theme"], root.attributes["data-density"]) == ("dark", "compact")
    client.post("/settings/look", {"theme": "auto", "density": "normal"})
    (root,) = page("/").all("html")
    assert "data-theme" not in root.attributes and "data-density" not in root.attributes


def test_an_invalid_choice_is_ignored(store: Path, page: Page, client: Client) -> None:
    answer = client.post("/settings/look", {"theme": '"><script>', "density": ""})
    assert not answer.cookies
    client.cookies["runicorn_theme"] = "pink"
    assert "data-theme" not in page("/").all("html")[0].attributes


def test_a_folder_is_checked_before_it_becomes_the_root(store: Path, tmp_path: Path, client: Client) -> None:
    write_run(tmp_path / "other")
    looked = client.post("/settings/root", {"path": str(tmp_path / "other"), "check": "1"})
    assert "contains 1 run." in looked.content.decode()
    missing = client.post("/settings/root", {"path": str(tmp_path / "none"), "check": "1"})
    assert "does not exist yet and will be created" in missing.content.decode()
    assert not (tmp_path / "none").exists()
    assert user.read_user_config() == {}


def test_the_folder_becomes_the_root_at_once(store: Path, tmp_path: Path, page: Page, client: Client) -> None:
    write_run(tmp_path / "other", name="there")
    answer = client.post("/settings/root", {"path": str(tmp_path / "other")})
    assert (answer.status_code, answer["Location"]) == (302, "/settings?notice=root")
    assert "This server and new scripts now use this folder." in " ".join(
        page("/settings?notice=root").texts("main")
    )
    assert page("/").texts("a", "name") == ["there"]
    assert user.storage_root() == tmp_path / "other"


@pytest.mark.parametrize("more", [{}, {"check": "1"}])
def test_problems_of_a_folder_are_reported(store: Path, client: Client, more: dict[str, str]) -> None:
    answer = client.post("/settings/root", {"path": "run<s>"} | more)
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "Invalid storage root: it must be absolute, or begin with ~." in text
    assert 'value="run&lt;s&gt;"' in text
    assert user.read_user_config() == {}


def test_forms_require_the_csrf_token(store: Path) -> None:
    strict = Client(enforce_csrf_checks=True)
    for address in ("/settings/look", "/settings/root"):
        assert strict.post(address, {"path": "/tmp"}).status_code == 403


@pytest.mark.journey("wide")
def test_sections_have_the_same_space_below_their_content(open_page: Callable[..., Any]) -> None:
    for address, least in (("/settings", 8), ("/alerts", 3), ("/remote", 1)):
        page = open_page(address)
        page.wait_for_load_state()  # elements are there before the style sheets
        spaces = page.evaluate(SPACES_BELOW)
        assert len(spaces) >= least and set(spaces) == {17}, "16 pixels and the border"
