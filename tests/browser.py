"""The real browser: Debian's Chromium, headless, driven through Playwright."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

# Without these a fresh Chromium calls its maker's hosts, which a closed network refuses one by one.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",  # without a GPU, a separate GPU process only costs time
    "--disable-software-rasterizer",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Each new window would begin with a process for the list under its address line, dearer than the page itself.
    "--disable-features=WebUIOmniboxAimPopup,WebUIOmniboxPopup,WebUIOmniboxFullPopup",
)
PATIENCE = 60_000
"""Milliseconds that a test waits for what is to be seen."""


@contextmanager
def launch(program: str, *options: str) -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*QUIET, *options])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def careful_page(
    browser: Any, refused: Collection[int] = (), expected: Collection[str] = (), **options: Any
) -> Iterator[Any]:
    """A page in a context of its own; what it logs as an error or asks of another host fails the test.

    `refused`: statuses with which pages come that say what is wrong; the browser logs them as errors.
    `expected`: parts of other errors that the browser logs.
    """
    context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"uncaught: {error}"))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    allowed = {*expected, *(f"with a status of {status} " for status in refused)}
    page.on("request", lambda request: problems.extend(_foreign(request.url)))
    try:
        yield page
    finally:
        context.close()
    problems = [text for text in problems if not any(allowance in text for allowance in allowed)]
    assert not problems, "\n".join(problems)


def _foreign(url: str) -> list[str]:
    parts = urlsplit(url)
    local = parts.scheme in ("data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost")
    return [] if local else [f"asked another host: {url}"]
