"""A page of the real browser that has the project's modules, without any server."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Modules</title>
<meta name="icons" content="/static/img/icons.svg"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/css/variables.css"><link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/css/chart.css"><body></body></html>"""


@pytest.fixture(scope="module")
def modules(chromium: Any) -> Iterator[Any]:
    """An empty page on which `import("/static/js/…")` works; its files come straight from the checkout."""
    from tests.browser import careful_page

    def answer(route: Any) -> None:
        path = urlsplit(route.request.url).path
        if path == "/":
            route.fulfill(content_type="text/html", body=PAGE)
        elif path.startswith("/static/"):
            file = ROOT / path.removeprefix("/")
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            route.fulfill(content_type=kind, body=file.read_bytes())
        else:
            route.fallback()

    with careful_page(chromium) as page:
        page.route("**/*", answer)
        page.goto("http://localhost/")
        yield page


@pytest.fixture
def js(modules: Any) -> Callable[..., Any]:
    """`js("chart/ticks.js", "m => m.linearTicks(0, 1, 5)")`: what the function makes of a module."""

    def run(module: str, function: str, argument: Any = None) -> Any:
        code = f"async (argument) => ({function})(await import('/static/js/{module}'), argument)"
        return modules.evaluate(code, argument)

    return run
