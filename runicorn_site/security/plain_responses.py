"""Responses of the guard and of the limits of bodies and connections, before Django gets the request."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language, gettext, override

# Django's needs settings, which may be invalid when this is imported.
from runicorn.message import gettext_noop
from runicorn_site.security.headers import Headers, is_api, security
from runicorn_site.web.messages import translated

STYLE_PATH = "/plain.css"
HEAD = f"""<!doctype html>
<html lang="{{language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{{title}} – Runicorn</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="{{prefix}}{STYLE_PATH}"></head>
"""
BRAND = """<p class="brand"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 20h3.5L11 12l3 4 6.5-13L18 20h3"/></svg>
Runicorn</p>"""
PAGE = f"""{HEAD}<body class="plain"><main>{BRAND}<p class="faint">{{status}}</p><h1>{{title}}</h1>
<p class="sentence">{{sentence}}</p>{{home}}</main></body></html>
"""
TITLES = {
    400: gettext_noop("Bad request"),
    403: gettext_noop("Not allowed"),
    404: gettext_noop("Page not found"),
    405: gettext_noop("Method not allowed"),
    409: gettext_noop("Conflict"),
    410: gettext_noop("Gone"),
    413: gettext_noop("Too large"),
    415: gettext_noop("Unsupported file type"),
    429: gettext_noop("Too many requests"),
    500: gettext_noop("Server error"),
    503: gettext_noop("Temporarily unavailable"),
    507: gettext_noop("The disk is full"),
}
"""Titles of error pages."""


def title_of(status: int) -> str:
    return TITLES.get(status, HTTPStatus(status).phrase)


@dataclass(frozen=True)
class Refusal:
    """Response in place of the application's."""

    status: int
    sentence: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    has_way_home: bool = field(default=False, kw_only=True)
    """Whether the page links to the runs, which the sender may see."""

    def body(self, path: str, prefix: str = "") -> tuple[bytes, bytes]:
        """Return content type and content: JSON under /api, a page elsewhere; `prefix` is that of its addresses."""
        if is_api(path):
            return b"application/json", json.dumps({"detail": self.sentence}).encode()
        sentence = escape(translated(self.sentence))
        home = f'<a class="home" href="{prefix}/">{gettext("Go to runs")}</a>' if self.has_way_home else ""
        title = gettext(title_of(self.status))
        return page_of(PAGE, prefix, title=title, status=self.status, sentence=sentence, home=home)


def page_of(template: str, prefix: str, **values: object) -> tuple[bytes, bytes]:
    """Return content type and content of a page in the current language."""
    page = template.format(prefix=prefix, language=get_language() or "en", **values)
    return b"text/html; charset=utf-8", page.encode()


def serialize(refusal: Refusal, path: str, prefix: str = "", language: str = "en") -> tuple[Headers, bytes]:
    with override(language):
        kind, content = refusal.body(path, prefix)
    length = str(len(content)).encode()
    headers = [(b"Content-Type", kind), (b"Content-Length", length), *refusal.headers]
    return headers + security(path, headers), content


def raw_answer(refusal: Refusal, path: str, prefix: str = "", language: str = "en") -> bytes:
    """Return a refusal as the bytes of an HTTP response that closes the connection."""
    headers, content = serialize(refusal, path.partition("?")[0], prefix, language)
    lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in (*headers, (b"Connection", b"close"))]
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


NAMES = ("variables", "base", "plain")
FONT = re.compile(rb"@font-face \{.*?\}\n", re.DOTALL)  # a file that needs the token


@lru_cache(maxsize=1)
def style_sheet() -> bytes:
    """Return the style sheets of all pages as one: the token form, which Django does not render, looks like them."""
    folder = Path(settings.STATICFILES_DIRS[0], "css")
    return FONT.sub(b"", b"".join((folder / f"{name}.css").read_bytes() for name in NAMES))


@dataclass(frozen=True)
class Style(Refusal):
    def body(self, path: str, prefix: str = "") -> tuple[bytes, bytes]:
        return b"text/css; charset=utf-8", style_sheet()


STYLE = Style(200, "", ((b"Cache-Control", b"max-age=3600"),))


def is_style(method: str, path: str) -> bool:
    return path == STYLE_PATH and method in ("GET", "HEAD")
