"""The list of artifacts is filtered, searched, sorted and paged by its address."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

import runicorn as rn
from artifacts.pages import listing
from artifacts.services import curation, lookup, statistics
from tests.pages.artifacts.conftest import JUST_NOW
from tests.pages.markup import Markup
from tests.waiting import until

Page = Callable[..., Markup]
pytestmark = pytest.mark.django_db


def names(markup: Markup) -> list[str]:
    return markup.texts("a", "name")


def test_the_list_shows_name_type_versions_size_and_aliases(page: Page, model: str) -> None:
    markup = page("/artifacts")
    assert names(markup) == ["m", "d"]
    row = next(element for element in markup.all("tr") if "model" in element.text)
    assert re.match(rf"m model latest v3 try 3 n 3 12 B ({JUST_NOW})", row.text)
    assert "2 artifacts · 4 versions · 42 B" in markup.texts("span", "end")[0]
    assert markup.texts("a", "chip") == ["All 2", "Model 1", "Dataset 1", "Config 0", "Code 0", "Custom 0"]
    assert next(link.attributes["href"] for link in markup.all("a", "name")) == model


def test_types_are_named_in_the_language_of_the_page(client: Client, model: str) -> None:
    markup = Markup(client.get("/artifacts", headers={"Accept-Language": "zh-CN"}).content.decode())
    assert markup.texts("a", "chip") == ["全部 2", "模型 1", "数据集 1", "配置 0", "代码 0", "自定义 0"]


def test_the_address_filters_searches_and_sorts(page: Page, model: str) -> None:
    assert names(page("/artifacts?type=dataset")) == ["d"]
    assert names(page("/artifacts?q=M")) == ["m"]
    assert names(page("/artifacts?sort=name")) == ["d", "m"]
    assert names(page("/artifacts?sort=nonsense&type=x&page=x")) == ["m", "d"]
    nothing = page("/artifacts?q=zz&type=model")
    assert "No artifacts match" in nothing.texts("main")[0]
    assert nothing.all("a", "button")[-1].attributes["href"] == "/artifacts"


def test_a_script_gets_the_list_alone_and_a_short_address(client: Client, page: Page, model: str) -> None:
    page("/artifacts")
    answer = client.get("/artifacts?q=m&type=&sort=-updated", headers={"HX-Request": "true"})
    assert b"<html" not in answer.content and answer["HX-Push-Url"] == "/artifacts?q=m"


def test_the_list_of_an_empty_store_explains_artifacts(page: Page) -> None:
    markup = page("/artifacts")
    assert "No artifacts yet" in markup.texts("h2")
    assert len(markup.texts("pre")[0].split("model")) > 3
    assert [
        element.attributes["href"] for element in markup.all("a") if "aria-current" in element.attributes
    ] == ["/artifacts"]


def test_many_artifacts_are_shown_in_pages(
    page: Page, run: rn.Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SIZE", 2)
    for number in range(5):
        run.log_artifact(rn.Artifact(f"a{number}").add_file(write("f", f"{number}")))
    markup = page("/artifacts?sort=name")
    assert names(markup) == ["a0", "a1"]
    assert "1–2 of 5" in markup.texts("nav", "pages")[0]
    following = next(element for element in markup.all("a") if element.attributes.get("rel") == "next")
    assert names(page(following.attributes["href"])) == ["a2", "a3"]
    assert names(page("/artifacts?sort=name&page=99")) == ["a4"]


def test_sums_are_counted_again_only_when_something_changed(
    page: Page, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    original = statistics.statistics
    monkeypatch.setattr(statistics, "statistics", lambda root: counted.append(1) or original(root))
    listing._sums.clear()

    def counts() -> bool:
        before = len(counted)
        page("/artifacts")
        return len(counted) > before

    assert counts()
    until(lambda: not counts())  # a folder that was written a moment ago is looked at once more
    curation.soft_delete(version=lookup.get_version("m", 3))
    assert "3 versions" in page("/artifacts").texts("span", "end")[0]
