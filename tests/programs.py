"""Where programs that tests need are found."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WINDOWLESS = "chromium-headless-shell"
"""The same engine without windows: a new page costs half as much."""


def find(program: str) -> str | None:
    """Return the path of a program: in PATH, in the environment of the tests, or where Debian keeps servers."""
    more = os.pathsep.join((str(Path(sys.executable).parent), "/usr/sbin"))
    path = shutil.which(program) or shutil.which(program, path=more)
    if path:
        return path
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
