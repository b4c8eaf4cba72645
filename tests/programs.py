"""Where programs that tests need are found."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WINDOWLESS = "chromium-headless-shell"
"""The same engine without the windows around it, which nobody sees in a test: a new page costs half as much."""


def find(program: str) -> str | None:
    """The path of a program; Debian keeps those of PostgreSQL's server out of PATH."""
    found = shutil.which(program)
    if found:
        return found
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    return str(newest) if newest else None


def browser(whole: bool = False) -> str | None:
    """The path of a Chromium.

    Args:
        whole: the one that people use. Else what `RUNICORN_TEST_BROWSER` names or the one without windows, if there
            is that.
    """
    chosen = os.environ.get("RUNICORN_TEST_BROWSER")
    names = BROWSERS if whole else [chosen or WINDOWLESS, *BROWSERS]
    return next(filter(None, map(shutil.which, names)), None)
