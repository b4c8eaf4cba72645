from __future__ import annotations

import json
import re
from functools import cache

from runicorn_site.api.openapi_document import schema
from runicorn_site.api.removed_routes import SUCCESSORS
from runicorn_site.security.rates.rate_table import DEFAULT, TABLE, Rates
from runs.live.urls import websocket_patterns
from tests.documents.blocks import PROJECT

API = PROJECT / "docs" / "reference" / "api"
ROW = re.compile(r"^\| (\w+) \| `([^`]+)` \| .+ \| (?:\[\w+\]\(([\w-]+\.md)\)|\w+) \|$", re.MULTILINE)
INDEX = ROW.findall((API / "index.md").read_text(encoding="utf-8"))


def plain(path: str) -> str:
    """A route whatever its placeholders are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def offered() -> set[tuple[str, str]]:
    """The routes of the site, as the OpenAPI description has them."""
    paths = json.loads(schema())["paths"]
    return {(method.upper(), plain(path)) for path, methods in paths.items() for method in methods}


def test_the_index_has_every_route_and_no_other() -> None:
    named = {(method, plain(path)) for method, path, _ in INDEX if method != "WS"}
    assert named == offered()
    assert len(INDEX) == len({(method, plain(path)) for method, path, _ in INDEX})


def test_the_index_has_the_socket() -> None:
    sockets = [path for method, path, _ in INDEX if method == "WS"]
    assert len(sockets) == len(websocket_patterns) == 1
    example = sockets[0].replace("{id}", "20260114_153045_a1b2c3").removeprefix("/")
    assert websocket_patterns[0].resolve(example)


@cache
def headings(page: str) -> frozenset[str]:
    text = (API / page).read_text(encoding="utf-8")
    return frozenset(plain(line.strip("# `")) for line in text.splitlines() if line.startswith("#"))


def test_each_route_has_a_heading_on_its_page() -> None:
    rows = [row for row in INDEX if row[2]]
    assert rows
    assert [row for row in rows if f"{row[0]} {plain(row[1])}" not in headings(row[2])] == []


def test_the_limits_are_those_of_the_table() -> None:
    text = (API / "errors-and-limits.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+) (\S+)` \| (\d+) \|$", text, re.MULTILINE)
    assert all(
        Rates().limit(method, path.replace("{id}", "x")).requests == int(n) for method, path, n in rows
    )
    built = {(method, path) for method, path, _ in TABLE if (method, plain(path)) in offered()}
    assert built <= {(method, path) for method, path, _ in rows}
    assert f"has {DEFAULT.requests} requests a minute" in text


def test_the_successors_of_retired_routes_are_those_that_are_answered() -> None:
    text = (PROJECT / "docs" / "guides" / "migrate.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `/api/(\S+)` \| `/api/(remote/\S+)` \|$", text, re.MULTILINE))
    assert rows == SUCCESSORS


def test_the_translations_have_the_code_of_their_originals() -> None:
    fence = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)
    code = re.compile(r"#[^\n]*|[\"'][^\"'\n]*[\"']")
    for page in sorted((PROJECT / "docs" / "zh").glob("*.md")):
        original = {
            "README.md": PROJECT / "README.md",
            "getting-started.md": PROJECT / "docs" / "getting-started.md",
            "api.md": API / "index.md",
        }[page.name]
        ours, theirs = (fence.findall(path.read_text(encoding="utf-8")) for path in (page, original))
        assert [code.sub("", block) for block in ours] == [code.sub("", block) for block in theirs], page.name


def test_the_translated_index_has_every_route() -> None:
    text = (PROJECT / "docs" / "zh" / "api.md").read_text(encoding="utf-8")
    routes = re.findall(r"^\| (\w+) \| `([^`]+)` \|", text, re.MULTILINE)
    assert routes == [(method, path) for method, path, _ in INDEX]
