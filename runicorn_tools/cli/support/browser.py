"""Open a browser at a URL that contains a secret."""

from __future__ import annotations

import os
import secrets
import time
import webbrowser
from html import escape
from pathlib import Path

from runicorn.settings.user import data_directory

KEPT_SECONDS = 300
PAGE = """<!doctype html><meta charset="utf-8"><title>Runicorn</title>
<meta http-equiv="refresh" content="0;url={url}"><p><a href="{url}">Open Runicorn</a></p>
"""


def open_privately(url: str) -> bool:
    """Open `url` in the user's browser and return whether one was found.

    Every user of a machine can read the command lines of all processes, so a URL with a query (a one-time link) is
    passed to the browser in a file that only its owner can read.
    """
    return webbrowser.open(_page_for(url).as_uri() if "?" in url else url)


def _page_for(url: str) -> Path:
    folder = data_directory() / "open"
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in folder.glob("*.html"):
        if old.stat().st_mtime < time.time() - KEPT_SECONDS:
            old.unlink(missing_ok=True)
    path = folder / f"{secrets.token_hex(8)}.html"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(PAGE.format(url=escape(url)))
    return path
