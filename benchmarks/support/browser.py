"""The browser: Chromium without a window, driven through Playwright (`requirements-dev.txt`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Without these a fresh Chromium calls hosts of its vendor, which a closed network refuses one by one.
OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--in-process-gpu", "--disable-software-rasterizer", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-features=WebUIOmniboxAimPopup,WebUIOmniboxPopup,WebUIOmniboxFullPopup",
)


@contextmanager
def launch(program: str) -> Iterator[Any]:
    """Run a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*OPTIONS])
        try:
            yield browser
        finally:
            browser.close()
