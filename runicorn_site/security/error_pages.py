"""Style sheet of the pages that are rendered before Django; it needs no token.

It is composed from the style sheets of all pages, so that the token form looks like them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from runicorn_site.security.plain_responses import STYLE_PATH, Refusal

SHEETS = Path(__file__).resolve().parents[2] / "static" / "css"
NAMES = ("variables", "base", "plain")


FONT = re.compile(rb"@font-face \{.*?\}\n", re.DOTALL)
"""The bundled font, which needs the token."""


@lru_cache(maxsize=1)
def style_sheet() -> bytes:
    return FONT.sub(b"", b"".join((SHEETS / f"{name}.css").read_bytes() for name in NAMES))


@dataclass(frozen=True)
class Style(Refusal):
    def body(self, path: str, prefix: str = "") -> tuple[bytes, bytes]:
        return b"text/css; charset=utf-8", style_sheet()


STYLE = Style(200, "", ((b"Cache-Control", b"max-age=3600"),))


def is_style(method: str, path: str) -> bool:
    return path == STYLE_PATH and method in ("GET", "HEAD")
