"""Display names, notes in Markdown and pinned runs on the pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.test import Client

from tests.folders import write_run
from tests.pages.markup import Markup

Page = Callable[..., Markup]


def test_a_display_name_stands_in_the_table_and_on_the_run_page(
    store: Path, page: Page, client: Client
) -> None:
    run_id = write_run(store, "p", "resnet")
    page("/")
    client.patch(f"/api/runs/{run_id}", {"name": "Final"}, content_type="application/json")
    (link,) = page("/").all("a", "name")
    assert (link.text, link.attributes["title"]) == ("Final", "Final (resnet)")
    assert page(f"/runs/{run_id}").texts("h1") == ["Final"]


def test_a_note_is_markdown_without_html(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n", notes="See **this** https://example.org\n\n<script>alert(1)</script>")
    markup = page(f"/runs/{run_id}")
    (note,) = markup.all("div", "markdown")
    assert "<script>alert(1)</script>" in note.text
    assert "this" in markup.texts("strong")
    assert "https://example.org" in [link.attributes.get("href") for link in markup.all("a")]


def test_a_long_note_is_folded_in_the_language_of_the_page(store: Path, page: Page) -> None:
    run_id = write_run(store, "p", "n", notes="line\n" * 10)
    for language, texts in (("en", ("Show all", "Show less")), ("zh-CN", ("显示全部", "收起"))):
        markup = page(f"/runs/{run_id}", **{"Accept-Language": language})
        (summary,) = (tag for tag in markup.all("summary") if "data-more" in tag.attributes)
        assert (summary.attributes["data-more"], summary.attributes["data-less"]) == texts


def test_pinned_runs_stand_above_the_others_in_any_order(store: Path, page: Page, client: Client) -> None:
    ids = {name: write_run(store, "p", name, created_at=1.7e9 + at) for at, name in enumerate("abcd")}
    page("/")
    client.post("/runs-change", {"action": "pin", "run_ids": [ids["a"], ids["c"]]})
    assert page("/").texts("a", "name") == ["c", "a", "d", "b"]
    assert page("/?sort=name").texts("a", "name") == ["a", "c", "b", "d"]


def test_the_beginning_of_a_folded_note_has_no_marks(store: Path, page: Page) -> None:
    run_id = write_run(store, notes="# Plan\n\nA *long* note & <more>.\n\n" + "- one\n" * 80)
    (summary,) = [part for part in page(f"/runs/{run_id}").all("summary") if "data-more" in part.attributes]
    assert " ".join(summary.text.split()).startswith("Plan A long note & <more>. one one")
