"""The one style sheet of the pages that are made before Django, open to whoever may speak to this host.

It is made of the style sheets of all pages, so that the question for the token looks like what it leads to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from runicorn_site.security.plain_responses import STYLE_PATH, Refusal

SHEETS = Path(__file__).resolve().parents[2] / "static" / "css"
NAMES = ("variables", "base", "plain")


@lru_cache(maxsize=1)
def style_sheet() -> bytes:
    return b"".join((SHEETS / f"{name}.css").read_bytes() for name in NAMES)


@dataclass(frozen=True)
class Style(Refusal):
    """An answer in place of the application's."""

    def body(self, path: str) -> tuple[bytes, bytes]:
        """Content type and content."""
        return b"text/css; charset=utf-8", style_sheet()


STYLE = Style(200, "", ((b"Cache-Control", b"max-age=3600"),))


def is_style(method: str, path: str) -> bool:
    """Whether a request is for this sheet."""
    return path == STYLE_PATH and method in ("GET", "HEAD")
