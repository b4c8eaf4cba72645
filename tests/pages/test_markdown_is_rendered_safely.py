"""Markdown of notes, descriptions and text cells becomes HTML that cannot carry code."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from runicorn.store.project import boards
from runicorn_site.web import markdown
from tests.folders import write_run
from tests.large import many
from tests.pages.markup import Markup

ATTRIBUTES = 'rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**Warm-up** of `500` steps", "<p><strong>Warm-up</strong> of <code>500</code> steps</p>\n"),
        ("# Title", "<h3>Title</h3>\n"),
        ("##### Detail", "<h6>Detail</h6>\n"),
        ("[paper](https://arxiv.org/abs/1)", f'<p><a href="https://arxiv.org/abs/1" {ATTRIBUTES}>paper</a></p>\n'),
        ("[base](/runs/20260101_000000_abc123)", f'<p><a href="/runs/20260101_000000_abc123" {ATTRIBUTES}>base</a></p>\n'),
        ("See https://example.com/a_(b).", f'<p>See <a href="https://example.com/a_(b)" {ATTRIBUTES}>https://example.com/a_(b)</a>.</p>\n'),
        ("(http://example.com)", f'<p>(<a href="http://example.com" {ATTRIBUTES}>http://example.com</a>)</p>\n'),
        ("train.py and README.md", "<p>train.py and README.md</p>\n"),
        ("![plot](https://example.com/p.png)", f'<p><a href="https://example.com/p.png" {ATTRIBUTES}>plot</a></p>\n'),
        ("[![plot](/p.png)](/q)", f'<p><a href="/q" {ATTRIBUTES}>plot</a></p>\n'),
        ("| a | b |\n|---|--:|\n| 1 | 2 |", None),
    ],
)  # fmt: skip
def test_markdown_becomes_html(text: str, html: str | None) -> None:
    rendered = markdown.render(text)
    assert "<table>" in rendered if html is None else rendered == html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](javascript:alert(1))",
        '[x](https://e.com "a\\" onmouseover=\\"alert(1)")',
        "<javascript:alert(1)>",
        '```"><script>alert(1)</script>\nx\n```',
        'https://e.com/"onmouseover="alert(1)',
    ],
)
def test_no_code_survives(text: str) -> None:
    tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, attrs))

    Tags().feed(markdown.render(text))
    assert {tag for tag, _ in tags} <= {"p", "a", "pre", "code", "em", "strong"}
    for tag, attributes in tags:
        for name, value in attributes:
            assert (tag, name) in {("a", "href"), ("a", "rel"), ("a", "title"), ("code", "class")}
            assert name != "href" or (value or "").startswith(("http://", "https://", "/"))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 99_000,
        "![" * 2_000,
        "*a " * 33_000,
        "> " * 5_000 + "x",
        "http://" * 14_000,
        "http://x" + ")" * 99_000,
        "(" * 99_000,
        "- a\n" * 25_000,
    ],
)
def test_a_long_hostile_text_is_rendered_in_time(text: str) -> None:
    started = time.process_time()
    markdown.render(many(text))
    assert time.process_time() - started < 10


def test_texts_of_boards_are_rendered_by_the_page_and_by_a_route(
    store: Path, page: Callable[..., Markup], api: APIClient
) -> None:
    write_run(store, "vision", metrics=[{"loss": 1.0}])
    text, html = "# Plan <b>", "<h3>Plan &lt;b&gt;</h3>\n"
    boards.write(
        store, "vision", "default", {"sections": [{"title": "Notes", "items": [{"markdown": text}]}]}
    )
    sections = [
        element.attributes
        for element in page("/?layout=charts").elements
        if "data-board" in element.attributes
    ]
    assert json.loads(sections[0]["data-board"])["texts"] == {text: html}
    assert api.post("/markdown", {"text": text}, format="json").json() == {"html": html}
    assert api.post("/markdown", {"text": "a" * 100_001}, format="json").status_code == 400


def test_columns_of_tables_are_aligned_by_a_class() -> None:
    rendered = markdown.render("| a | b |\n|:--|--:|\n| 1 | 2 |")
    assert '<td class="number">2</td>' in rendered and "style" not in rendered


def test_line_breaks_of_a_note_stay() -> None:
    assert markdown.render("one\ntwo") == "<p>one<br>\ntwo</p>\n"
