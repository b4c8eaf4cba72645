"""Every text of a page is marked for translation: with each translation in brackets, no word is left outside of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from tests.folders import write_run

# Data has no Latin letters here, so that every word on a page is a text of ours.
DATA = ("项目", "名称")
ATTRIBUTES = ("title", "placeholder", "aria-label", "alt")
UNTRANSLATED = {"script", "style", "code", "pre", "bdi", "kbd", "time", "textarea", "noscript"}
ALLOWED = re.compile(
    r"Runicorn|English|Python|API|JSON|CSV|PNG|GPU|CPU|ID|HTML|RUNICORN_DIR|MIT|Django|SQLite"
    r"|\d{8}_\d{6}_[0-9a-f]{6}|\b(?:ms|s|min|h|d|B|KiB|MiB|GiB|TiB|UTC|NaN)\b|/\S+|config\.lr < 0\.01 and metric\.loss\.min < 1|^truncated$|metric\.val/acc\.max or config\.lr|\b(?:last|best|min|max)\b|x86_64|Linux \S+"
)
WORD = re.compile(r"[A-Za-z]{2,}")
BRACKETS = re.compile(r"⟦[^⟦⟧]*⟧")
VOID = {"meta", "link", "input", "img", "br", "hr", "use", "path", "polyline", "line", "col", "source"}


class Texts(HTMLParser):
    """Visible texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[tuple[str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the texts in attributes; `mono` marks paths and ids."""
        values = {name: value or "" for name, value in attrs}
        is_data = tag in UNTRANSLATED or "mono" in values.get("class", "").split()
        is_data = is_data or (tag == "option" and "value" not in values)
        if tag not in VOID:
            self.open.append((tag, is_data))
        if not any(inside for _, inside in self.open):
            self.texts += [values[name] for name in ATTRIBUTES if name in values]

    def handle_endtag(self, tag: str) -> None:
        """Close elements up to the one named."""
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Note a text, unless it is data."""
        if not any(is_data for _, is_data in self.open):
            self.texts.append(data)


def unmarked(html: str) -> list[str]:
    # Before parsing: a translation may contain elements.
    while BRACKETS.search(html):
        html = BRACKETS.sub("", html)
    return [" ".join(text.split()) for text in Texts(html).texts if WORD.search(ALLOWED.sub(" ", text))]


@pytest.fixture
def brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put each translation in brackets."""

    def wrap(translate: Callable[..., str]) -> Callable[..., str]:
        return lambda *message: f"⟦{translate(*message)}⟧" if message[-1] else ""

    for name in ("gettext", "ngettext", "pgettext", "npgettext"):
        monkeypatch.setattr(translation._trans, name, wrap(getattr(translation._trans, name)))


@pytest.fixture
def runs(store: Path, look: Callable[[], None], client: Client, brackets: None) -> dict[str, str]:
    run = write_run(store, *DATA, metrics=[{"损失": 0.5}], config={"一": {"二": 1}}, hostname="主机")
    deleted = write_run(store, *DATA, status="failed")
    look()
    client.post("/delete-runs", {"run_ids": deleted})
    return {"run": run, "deleted": deleted}


PAGES = [
    "/",
    "/?q=zzz",
    "/?where=x",
    "/?col=name&col=tags&col=host&col=records&col=updated",
    "/runs/{run}",
    "/runs/{deleted}",
    "/recycle-bin",
    "/settings",
    "/settings?notice=root",
    "/import",
    "/alerts",
    "/alerts/rules/new?template=disk",
    "/alerts/channels/new",
    "/system",
    "/docs",
    "/redoc",
    "/?layout=charts&runs={run}",
    *(f"/?layout=charts&runs={{run}}&tab={tab}" for tab in ("config", "metrics", "hyperparameters")),
    "/artifacts",
    "/remote",
    "/nothing",
]


def unmarked_by_page(client: Client, paths: list[str]) -> dict[str, list[str]]:
    """Return the unmarked texts of the pages that have some."""
    texts = {path: unmarked(html_of(client, path)) for path in paths}
    return {path: texts_of_path for path, texts_of_path in texts.items() if texts_of_path}


def test_no_word_is_outside_of_translations(runs: dict[str, str], client: Client) -> None:
    assert unmarked_by_page(client, [path.format(**runs) for path in PAGES]) == {}


def test_empty_pages_have_no_word_outside_of_translations(
    store: Path, look: Callable[[], None], brackets: None, client: Client
) -> None:
    look()
    paths = ["/", "/recycle-bin", "/?layout=charts", "/artifacts", "/remote"]
    assert unmarked_by_page(client, paths) == {}


def html_of(client: Client, path: str) -> str:
    answer: Any = client.get(path)
    assert answer.status_code in (200, 404)
    return str(answer.content.decode())


def test_a_text_that_is_not_marked_is_found() -> None:
    assert unmarked('<p title="Save">⟦Run ⟦x⟧⟧ <b>five</b> <bdi>data</bdi> 3 min</p>') == ["Save", "five"]


def test_style_sheets_have_no_texts() -> None:
    sheets = (Path(__file__).resolve().parents[2] / "static" / "css").glob("*.css")
    quoted = {
        sheet.name: re.findall(r'content:[^;]*"[^";]*[A-Za-z]{2,}[^";]*"', sheet.read_text(encoding="utf-8"))
        for sheet in sheets
    }
    assert not {name: texts for name, texts in quoted.items() if texts}
